noinst_LIBRARIES += libdev.a
libdev_a_SOURCES = \
	src/dev/irq.h \
	src/dev/gic.h \
	src/dev/gic_priv.h \
	src/dev/gic.c \
	src/dev/gic_irqs.c \
	src/dev/gic_cpu.c \
	src/dev/gic_spi.c \
	src/dev/gic_mmio.c \
	src/dev/gicv3_dist.c \
	src/dev/gicv3_rdist.c \
	src/dev/gicv3_icc.c \
	src/dev/gicv2_dist.c \
	src/dev/gicv2_cpu.c
LIBDEV = libdev.a
