# src/ir: fragment of the top Makefile.am
LIBIR =
