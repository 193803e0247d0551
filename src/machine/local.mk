# src/machine: fragment of the top Makefile.am
LIBMACHINE =
