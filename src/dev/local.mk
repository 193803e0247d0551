# src/dev: fragment of the top Makefile.am
LIBDEV =
