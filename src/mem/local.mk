# src/mem: fragment of the top Makefile.am
LIBMEM =
