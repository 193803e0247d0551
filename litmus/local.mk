# litmus: fragment of the top Makefile.am
LIBLITMUS =
