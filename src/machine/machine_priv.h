/* What the files of src/machine share about one machine. */
#ifndef PARMA_MACHINE_PRIV_H
#define PARMA_MACHINE_PRIV_H

#include <pthread.h>

#include "a64/cpumodel.h"
#include "base/lock.h"
#include "dev/chardev.h"
#include "dev/gic.h"
#include "dev/ioloop.h"
#include "machine/config.h"
#include "machine/loader.h"
#include "machine/machine.h"
#include "machine/semihost.h"
#include "sched/sched.h"

/* Things to undo at the end, in reverse order of creation; and devices to reset. */
struct machine_part {
	void (*reset)(void *p); /* may be NULL */
	void (*free)(void *p);  /* may be NULL */
	void *p;
	struct machine_part *next;
};

/* Interrupt outputs of a vCPU, indexed by VCPU_IRQ_. */
struct cpu_wires {
	struct irq_line line[3];
};

/* What -accel says besides the engine. */
struct accel_config {
	uint64_t tb_mib;      /* code cache, MiB; 0: the default */
	uint64_t hot;         /* how often code is interpreted before it is translated */
	uint64_t check;       /* lockstep: units between looks at all memory; 0: the default */
	uint32_t passes_off;  /* enum pass */
	bool profile;
	const char *host_cpu; /* what the translator may use; NULL: what there is */
};

struct machine {
	struct accel_config accel;   /* CONST_AFTER_INIT */
	bool jit;                    /* CONST_AFTER_INIT the translating engine runs the vCPUs */
	struct lockstep *lockstep;   /* CONST_AFTER_INIT both do; NULL: not */
	const struct machine_config *cfg; /* CONST_AFTER_INIT */
	struct physmap *pm;               /* CONST_AFTER_INIT */
	struct guest_ram ram;             /* CONST_AFTER_INIT */
	struct vcpu **cpus;               /* CONST_AFTER_INIT */
	unsigned ncpus;                   /* CONST_AFTER_INIT */
	struct cpu_wires *wires;          /* CONST_AFTER_INIT: one a vCPU */
	struct gic *gic;                  /* CONST_AFTER_INIT */
	struct cpu_model model;           /* CONST_AFTER_INIT; of every vCPU */
	struct sched *sched;              /* CONST_AFTER_INIT */
	struct place *place;              /* CONST_AFTER_INIT: where vCPUs run */
	struct ioloop *loop;              /* CONST_AFTER_INIT */
	struct chardev **chardevs;        /* CONST_AFTER_INIT */
	unsigned nchardevs;               /* CONST_AFTER_INIT */
	struct chardev *serial0;          /* CONST_AFTER_INIT */
	struct chardev *semihost_console; /* CONST_AFTER_INIT: where its debug channel goes; NULL: standard error */
	struct fw_cfg *fw_cfg;            /* CONST_AFTER_INIT */
	struct pl061 *gpio;               /* CONST_AFTER_INIT */
	struct qmp *qmp;                  /* CONST_AFTER_INIT; the first; NULL: no control socket */
	struct perfmap *perfmap;          /* OWNER(main thread): -perfmap, -jitdump */
	struct symtab *symtab;            /* CONST_AFTER_INIT: -symbols */
	const char *engine_name;          /* CONST_AFTER_INIT */
	uint64_t start_ns;                /* CONST_AFTER_INIT: clock_ns() when it began to run */
	bool reset_ends;                  /* OWNER(main thread): the guest asked for a reset and there is none (-no-reboot) */
	uint32_t user_paused;             /* ATOMIC(at_xchg): stopped by the user */
	struct machine_part *parts;       /* CONST_AFTER_INIT */
	struct semihost semihost;         /* CONST_AFTER_INIT */
	struct virtio_mmio *virtio;       /* CONST_AFTER_INIT: the slots */
	struct virtio_dev *serial_bus;    /* CONST_AFTER_INIT: the last virtio-serial-device */
	struct netdev **netdevs;          /* CONST_AFTER_INIT */
	unsigned nnetdevs;                /* CONST_AFTER_INIT */
	unsigned nvirtio;                 /* CONST_AFTER_INIT: how many are taken, from the highest down */

	bool firmware;                    /* CONST_AFTER_INIT: the first bank of flash has some, and vCPU 0 starts there */
	uint64_t entry, boot_arg;         /* OWNER(main thread): where vCPU 0 starts, and its x0 */
};

/* machine.c: makes what m->cfg says (m->jit is set already), and takes it apart. Main thread. 0, or -1 with e filled; free it then, too. */
int machine_make(struct machine *m, struct err *e);
void machine_free(struct machine *m);
/* All devices as after power-on. No vCPU runs. */
void machine_reset_devices(struct machine *m);

/* Registers something to reset and free with the machine. */
void machine_add_part(struct machine *m, void *p, void (*reset)(void *), void (*free_fn)(void *));
/* The wire of shared interrupt n. */
static inline struct irq_line machine_spi(struct machine *m, unsigned n) { return gic_spi_line(m->gic, n); }

/* engine.c. 0, or -1 with e filled. */
int machine_choose_cpu(struct machine *m, struct err *e);
int accel_parse(struct opts *o, struct accel_config *a, struct err *e);
/* What the translator may use of the host's processor; before it is asked whether that is enough. */
int accel_limit_host(const struct accel_config *a, struct err *e);
/* all: everything is translated, at its first run. */
int accel_start_jit(const struct accel_config *a, bool all, struct err *e);

/* semihost_setup.c. Once the character back ends are there: 0, or -1 with e filled. */
bool machine_has_semihosting(const struct machine *m);
bool machine_semihosting_el0(const struct machine *m);
int machine_start_semihosting(struct machine *m, struct err *e);

/* chardevs.c. 0 (or the back end), or -1 (NULL) with e filled. */
int machine_add_chardevs(struct machine *m, struct err *e);
/* By the id of a -chardev; `what` names the option that asks. */
struct chardev *machine_chardev(struct machine *m, const char *what, const char *id, struct err *e);
/* What a -serial argument names. */
struct chardev *machine_serial(struct machine *m, const char *text, struct err *e);

/* devices.c: the board's fixed devices; virtio.c: what -device, -drive, -netdev, ... ask for. 0, or -1 with e filled. */
int machine_add_virtio(struct machine *m, struct err *e);
/* virtio.c: what -device loader puts into memory. */
int machine_load_extra(struct machine *m, struct err *e);
int machine_add_devices(struct machine *m, struct err *e);
/* flash.c */
int machine_add_flash(struct machine *m, struct err *e);
/* Stops or continues all vCPUs for the user; false: they were already. Not on a vCPU thread. */
bool machine_pause(struct machine *m, bool pause);
bool machine_is_paused(const struct machine *m);
/* Any thread. */
void machine_end(struct machine *m, int status);

/* sandbox.c: first of all, and right before the vCPUs run. 0, or -1 with e filled. */
int sandbox_prepare(const struct machine_config *c, struct err *e);
int sandbox_close(struct machine *m, struct err *e);

/* boot.c: puts kernel, initrd and device tree into RAM and sets entry and boot_arg; again at each reset. */
int machine_load(struct machine *m, struct err *e);
/* -dumpdtb */
int machine_dump_dtb(struct machine *m, const char *path, struct err *e);

#endif
