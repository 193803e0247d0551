# src/tcache: fragment of the top Makefile.am
LIBTCACHE =
