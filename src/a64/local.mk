# src/a64: fragment of the top Makefile.am
LIBA64 =
