noinst_LIBRARIES += libmachine.a
libmachine_a_SOURCES = \
	src/machine/config.h src/machine/memmap.h \
	src/machine/machine.h src/machine/machine_priv.h src/machine/machine.c \
	src/machine/boot.c src/machine/chardevs.c src/machine/devices.c src/machine/flash.c src/machine/virtio.c \
	src/machine/fdt.h src/machine/fdt.c \
	src/machine/loader.h src/machine/loader.c \
	src/machine/qmp.h src/machine/qmp.c src/machine/stats.h src/machine/stats.c \
	src/machine/semihost.h src/machine/semihost.c src/machine/semihost_setup.c
libmachine_a_SOURCES += src/machine/sandbox.c
libmachine_a_SOURCES += src/machine/engine.c
EXTRA_DIST += src/guest/mkguest src/guest/init.sh src/guest/udhcpc.sh src/guest/regen \
	src/guest/smp.c src/guest/scale.c src/guest/locks.inc src/guest/smp_head.S src/guest/smp.lds src/guest/smp_guest.inc \
	src/guest/scale_guest.inc src/guest/work.c src/guest/work_guest.inc
LIBMACHINE = libmachine.a
