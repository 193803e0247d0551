# mcm: memory models, their enumerator, and the mapping that is checked against them.  Uses src/base alone.
noinst_LIBRARIES += libmcm.a
libmcm_a_SOURCES = \
	mcm/mapping.h mcm/mapping.c
LIBMCM = libmcm.a
