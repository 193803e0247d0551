# src/xlate: fragment of the top Makefile.am
LIBXLATE =
