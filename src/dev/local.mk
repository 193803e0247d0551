# src/dev: fragment of the top Makefile.am
noinst_LIBRARIES += libdev.a
libdev_a_SOURCES = \
	src/dev/irq.h \
	src/dev/gic.h \
	src/dev/gic_priv.h \
	src/dev/cfi_flash.h \
	src/dev/cfi_flash.c \
	src/dev/gic.c \
	src/dev/gic_irqs.c \
	src/dev/gic_cpu.c \
	src/dev/gic_spi.c \
	src/dev/gic_mmio.c \
	src/dev/gicv3_dist.c \
	src/dev/gicv3_rdist.c \
	src/dev/gicv3_icc.c \
	src/dev/gicv2_dist.c \
	src/dev/gicv2_cpu.c \
	src/dev/pl031.h \
	src/dev/pl031.c \
	src/dev/pl061.h \
	src/dev/pl061.c
LIBDEV = libdev.a

# Character back ends and the I/O thread.
libdev_a_SOURCES += \
	src/dev/ioloop.h src/dev/ioloop.c src/dev/term.h src/dev/term.c src/dev/hostsig.h src/dev/hostsig.c \
	src/dev/chardev.h src/dev/chardev_priv.h src/dev/chardev.c src/dev/chardev_setup.c src/dev/chardev_stdio.c src/dev/chardev_file.c \
	src/dev/chardev_pty.c src/dev/chardev_testdev.c src/dev/chardev_socket.c

libdev_a_SOURCES += src/dev/pl011.h src/dev/pl011.c src/dev/fw_cfg.h src/dev/fw_cfg.c

# Virtio.
libdev_a_SOURCES += \
	src/dev/virtio.h src/dev/virtio.c src/dev/virtq.c src/dev/virtio_mmio.h src/dev/virtio_mmio.c \
	src/dev/blkimg.h src/dev/blkimg_priv.h src/dev/blkimg.c src/dev/blkoverlay.c src/dev/virtio_blk.h src/dev/virtio_blk.c \
	src/dev/virtio_rng.h src/dev/virtio_rng.c src/dev/virtio_serial.h src/dev/virtio_serial.c \
	src/dev/netdev.h src/dev/netdev_priv.h src/dev/netdev.c src/dev/net_user.c src/dev/virtio_net.h src/dev/virtio_net.c
