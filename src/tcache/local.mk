# src/tcache: fragment of the top Makefile.am
noinst_LIBRARIES += libtcache.a
libtcache_a_SOURCES = \
	src/tcache/tcache.h src/tcache/jcache.h src/tcache/tcache_priv.h src/tcache/stats.def \
	src/tcache/region.c src/tcache/table.c src/tcache/link.c src/tcache/inval.c \
	src/tcache/perfmap.h src/tcache/perfmap.c
libtcache_a_SOURCES += src/tcache/evict.c
libtcache_a_SOURCES += src/tcache/stock.c
LIBTCACHE = libtcache.a
