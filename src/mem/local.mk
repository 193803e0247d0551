# src/mem: fragment of the top Makefile.am
noinst_LIBRARIES += libmem.a
libmem_a_SOURCES = src/mem/access.h src/mem/tlb.h \
	src/mem/physmap.h src/mem/physmap.c src/mem/dma.c \
	src/mem/monitor.h src/mem/monitor.c
LIBMEM = libmem.a
