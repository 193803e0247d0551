# src/x64: fragment of the top Makefile.am
LIBX64 =
