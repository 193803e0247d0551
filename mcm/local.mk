# mcm: fragment of the top Makefile.am
LIBMCM =
