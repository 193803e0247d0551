# src/tcache: fragment of the top Makefile.am
EXTRA_DIST += src/tcache/tcache.h src/tcache/jcache.h
LIBTCACHE =
