/* See boot_opts.h. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "cli/boot_opts.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/log.h"
#include "base/nearest.h"
#include "machine/machine.h"

struct boot_ctx {
	struct machine_config *c;
	const char *what; /* the option as written, with its dash */
	struct err *e;
	struct opts *machine, *smp, *memory, *sandbox;
	const char *foreign_accel; /* where one was asked for that is not here, or NULL */
	bool have_accel, nographic, snapshot;
};

static void push(struct opt_list *l, struct opts *o)
{
	l->v = realloc(l->v, (l->n + 1) * sizeof(struct opts *));
	BUG_ON(!l->v);
	l->v[l->n++] = o;
}

/* Handlers return 0, 1 (help was printed) or -1 with ctx->e filled. */
static int list_add(struct boot_ctx *x, struct opt_list *l, const char *arg, const char *implied)
{
	struct opts *o = opts_parse(x->what, arg, implied, x->e);

	if (!o)
		return -1;
	push(l, o);
	return 0;
}

static int merge_into(struct boot_ctx *x, struct opts **dst, const char *arg, const char *implied)
{
	struct opts *o = opts_parse(x->what, arg, implied, x->e);

	if (!o)
		return -1;
	if (*dst)
		opts_merge(*dst, o);
	else
		*dst = o;
	return 0;
}

static bool is_help(const char *arg) { return !strcmp(arg, "help") || !strcmp(arg, "?"); }

/* "help" alone, or as the last of several values. */
static bool ends_in_help(const char *arg)
{
	const char *comma = strrchr(arg, ',');

	return is_help(comma ? comma + 1 : arg);
}

static int opt_machine(struct boot_ctx *x, const char *arg)
{
	if (ends_in_help(arg)) {
		puts("Supported machines are:\n"
		     "virt                 ARM Virtual Machine, laid out as QEMU's (default)\n"
		     "Properties: gic-version=2|3|max, accel=interp|jit|lockstep|tcg, dumpdtb=FILE");
		return 1;
	}
	return merge_into(x, &x->machine, arg, "type");
}

/* Accelerators of other emulators that take guests to run on the host itself: passed over where another is named, too. */
static bool needs_arm_host(const char *name)
{
	static const char *const names[] = {"kvm", "hvf", "whpx", "xen", "nvmm", "hax", "mshv"};

	for (unsigned k = 0; k < ARRAY_SIZE(names); k++)
		if (!strcmp(names[k], name))
			return true;
	return false;
}

/* 1: it is taken; 0: passed over. */
static int set_one_accel(struct boot_ctx *x, const char *what, const char *name)
{
	static const struct {
		const char *name;
		enum accel a;
	} names[] = {
		{"interp", ACCEL_INTERP},
		{"jit", ACCEL_JIT},
		{"lockstep", ACCEL_LOCKSTEP},
		{"tcg", ACCEL_BEST},
	};
	struct nearest n = nearest_begin(name);

	for (unsigned k = 0; k < ARRAY_SIZE(names); k++) {
		if (!strcmp(names[k].name, name)) {
			if (!machine_has_accel(names[k].a))
				return err_set(x->e, EXIT_USAGE, "%s: this parma has no engine '%s' (-accel help lists them)",
					       what, name);
			if (!x->have_accel) /* as in QEMU, what comes after the first that exists is for want of it */
				x->c->accel = names[k].a;
			x->have_accel = true;
			return 1;
		}
		nearest_try(&n, names[k].name);
	}
	if (needs_arm_host(name)) {
		x->foreign_accel = what;
		return 0;
	}
	return err_set(x->e, EXIT_USAGE, "%s: unknown accelerator '%s' (interp, jit, lockstep or tcg)", what, name);
}

/* list: names with colons between them, in order of preference. */
static int set_accel(struct boot_ctx *x, const char *what, const char *list)
{
	char *names = strdup(list), *rest = names;
	const char *name;
	int r = 0;

	BUG_ON(!names);
	while (!r && (name = strsep(&rest, ":")))
		r = set_one_accel(x, what, name);
	free(names);
	return r < 0 ? -1 : 0;
}

static int opt_accel(struct boot_ctx *x, const char *arg)
{
	const char *name;

	if (is_help(arg)) {
		puts("Accelerators supported:\ninterp    reference interpreter");
		if (machine_has_accel(ACCEL_JIT))
			puts("jit       translator (default); tb-size=MIB: code cache, 1 to 1024 (256);\n"
			     "          hot=N: how often code is interpreted before it is translated (160)\n"
			     "          profile=on: counts executed fences and failed store-exclusives, for -stats");
		if (machine_has_accel(ACCEL_LOCKSTEP))
			puts("lockstep  both, compared after each unit (-smp 1); check=N: units between looks at all memory (8192)");
		puts("tcg       the best of these\n"
		     "host-cpu=LIST: what the translator may use of the host: host (default), base or none, then +FEATURE or -FEATURE");
		return 1;
	}
	if (merge_into(x, &x->c->accel_props, arg, "accel"))
		return -1;
	name = opts_str(x->c->accel_props, "accel", NULL);
	return name ? set_accel(x, "-accel", name) : 0; /* properties alone leave the engine to others, or to -machine */
}

static int opt_cpu(struct boot_ctx *x, const char *arg)
{
	if (is_help(arg)) {
		machine_list_cpus(stdout);
		return 1;
	}
	if (ends_in_help(arg)) {
		machine_list_cpu_keys(stdout);
		return 1;
	}
	return merge_into(x, &x->c->cpu_props, arg, "model");
}

static int opt_smp(struct boot_ctx *x, const char *arg) { return merge_into(x, &x->smp, arg, "cpus"); }
static int opt_memory(struct boot_ctx *x, const char *arg) { return merge_into(x, &x->memory, arg, "size"); }

#define TEXT_OPTION(handler, field) \
	static int opt_##handler(struct boot_ctx *x, const char *arg) \
	{ \
		x->c->field = arg; \
		return 0; \
	}
TEXT_OPTION(symbols, symbols)
TEXT_OPTION(kernel, kernel)
TEXT_OPTION(initrd, initrd)
TEXT_OPTION(append, append)
TEXT_OPTION(dtb, dtb)
TEXT_OPTION(dumpdtb, dumpdtb)
TEXT_OPTION(bios, bios)
TEXT_OPTION(name, name)

static int opt_drive(struct boot_ctx *x, const char *arg) { return list_add(x, &x->c->drives, arg, NULL); }

static int file_drive(struct boot_ctx *x, const char *file, const char *interface)
{
	struct opts *o = opts_new(x->what);

	opts_set(o, "file", file);
	opts_set(o, "if", interface);
	opts_set(o, "format", "raw");
	push(&x->c->drives, o);
	return 0;
}

static int opt_hda(struct boot_ctx *x, const char *arg) { return file_drive(x, arg, "virtio"); }
static int opt_pflash(struct boot_ctx *x, const char *arg) { return file_drive(x, arg, "pflash"); }

static int opt_nic(struct boot_ctx *x, const char *arg) { return list_add(x, &x->c->nics, arg, "type"); }
static int opt_object(struct boot_ctx *x, const char *arg) { return list_add(x, &x->c->objects, arg, "qom-type"); }

static int opt_blockdev(struct boot_ctx *x, const char *arg)
{
	if (arg[0] == '{')
		return err_set(x->e, EXIT_USAGE, "-blockdev: give key=value pairs, not JSON");
	return list_add(x, &x->c->blockdevs, arg, "driver");
}

static int opt_device(struct boot_ctx *x, const char *arg)
{
	if (is_help(arg)) {
		machine_list_devices(stdout);
		return 1;
	}
	return list_add(x, &x->c->devices, arg, "driver");
}

static int opt_netdev(struct boot_ctx *x, const char *arg)
{
	if (is_help(arg)) {
		machine_list_netdevs(stdout);
		return 1;
	}
	return list_add(x, &x->c->netdevs, arg, "type");
}

static int opt_chardev(struct boot_ctx *x, const char *arg)
{
	if (is_help(arg)) {
		machine_list_chardevs(stdout);
		return 1;
	}
	return list_add(x, &x->c->chardevs, arg, "backend");
}

static int opt_serial(struct boot_ctx *x, const char *arg)
{
	x->c->serials = realloc(x->c->serials, (x->c->nserials + 1) * sizeof(char *));
	BUG_ON(!x->c->serials);
	x->c->serials[x->c->nserials++] = arg;
	return 0;
}

static int opt_none_only(struct boot_ctx *x, const char *arg)
{
	if (strcmp(arg, "none") && strcmp(arg, "null"))
		return err_set(x->e, EXIT_USAGE, "%s %s: only 'none' is supported", x->what, arg);
	return 0;
}

static int opt_qmp(struct boot_ctx *x, const char *arg)
{
	struct machine_config *c = x->c;

	if (!strcmp(arg, "none"))
		return 0;
	if (c->nqmps == MACHINE_MAX_QMPS)
		return err_set(x->e, EXIT_USAGE, "-qmp: at most %d", MACHINE_MAX_QMPS);
	c->qmps[c->nqmps] = strdup(arg);
	BUG_ON(!c->qmps[c->nqmps]);
	c->nqmps++;
	return 0;
}

static int opt_mon(struct boot_ctx *x, const char *arg)
{
	static const char *const modes[] = {"readline", "control", NULL};
	struct opts *o = opts_parse("-mon", arg, "chardev", x->e);
	bool pretty = false;
	const char *chr;
	char text[200];
	unsigned mode = 0;
	int rc = -1;

	if (!o)
		return -1;
	opts_str(o, "id", NULL);
	chr = opts_need(o, "chardev", x->e);
	if (chr && !opts_enum(o, "mode", modes, &mode, x->e) && !opts_bool(o, "pretty", &pretty, x->e) && !opts_finish(o, x->e)) {
		snprintf(text, sizeof(text), "chardev:%s", chr);
		if (mode && !pretty)
			rc = opt_qmp(x, text);
		else
			err_set(x->e, EXIT_USAGE, "-mon: only mode=control is there, without pretty=on");
	}
	opts_free(o);
	return rc;
}

static int opt_sched(struct boot_ctx *x, const char *arg) { return place_parse(arg, &x->c->place, x->e); }

static int opt_sandbox(struct boot_ctx *x, const char *arg)
{
	if (is_help(arg)) {
		puts("on, off; obsolete, elevateprivileges, spawn, resourcecontrol=deny are part of on");
		return 1;
	}
	return merge_into(x, &x->sandbox, arg, "enable");
}

static int opt_stats(struct boot_ctx *x, const char *arg)
{
	if (strcmp(arg, "text") && strcmp(arg, "json") && strncmp(arg, "json:", 5))
		return err_set(x->e, EXIT_USAGE, "-stats %s: give text, json or json:FILE", arg);
	x->c->stats = arg;
	return 0;
}

static int opt_fw_cfg(struct boot_ctx *x, const char *arg) { return list_add(x, &x->c->fw_cfgs, arg, "name"); }

static int opt_global(struct boot_ctx *x, const char *arg)
{
	static const char key[] = "virtio-mmio.force-legacy=";

	if (strncmp(arg, key, sizeof(key) - 1))
		return err_set(x->e, EXIT_USAGE, "-global %s: there is virtio-mmio.force-legacy only", arg);
	return parse_bool("-global virtio-mmio.force-legacy", arg + sizeof(key) - 1, &x->c->legacy_virtio, x->e);
}

static int opt_display(struct boot_ctx *x, const char *arg) { return opt_none_only(x, arg); }

#define FLAG_OPTION(handler, lvalue, value) \
	static int opt_##handler(struct boot_ctx *x, const char *arg) \
	{ \
		(void)arg; \
		lvalue = value; \
		return 0; \
	}
FLAG_OPTION(nographic, x->nographic, true)
FLAG_OPTION(snapshot, x->snapshot, true)
FLAG_OPTION(nodefaults, x->c->defaults, false)
FLAG_OPTION(perfmap, x->c->perfmap, true)
FLAG_OPTION(jitdump, x->c->jitdump, true)
FLAG_OPTION(paused, x->c->start_paused, true)
FLAG_OPTION(no_reboot, x->c->no_reboot, true)
FLAG_OPTION(semihosting, x->c->semihosting, true)

static int opt_keep(struct boot_ctx *x, const char *arg)
{
	(void)x;
	(void)arg;
	return 0;
}
#define opt_ignored opt_keep

static int opt_semihosting_config(struct boot_ctx *x, const char *arg)
{
	x->c->semihosting = true;
	if (merge_into(x, &x->c->semihosting_config, arg, "enable"))
		return -1;
	return opts_bool(x->c->semihosting_config, "enable", &x->c->semihosting, x->e);
}

static int opt_version(struct boot_ctx *x, const char *arg)
{
	(void)x;
	(void)arg;
	puts("parma " PACKAGE_VERSION);
	return 1;
}

static int opt_enable_kvm(struct boot_ctx *x, const char *arg)
{
	(void)arg;
	return set_accel(x, "-enable-kvm", "kvm");
}

/* Time that follows the count of instructions is there for the cycle counter alone. */
static int opt_icount(struct boot_ctx *x, const char *arg)
{
	struct opts *o = opts_parse("-icount", arg, "shift", x->e);
	bool align = false, sleep = true;
	uint64_t shift = 0;
	int rc = -1;

	if (!o)
		return -1;
	if (!opts_u64(o, "shift", 0, 10, &shift, x->e) && !opts_bool(o, "align", &align, x->e) &&
	    !opts_bool(o, "sleep", &sleep, x->e))
		rc = opts_finish(o, x->e);
	opts_free(o);
	if (!rc && align)
		return err_set(x->e, EXIT_USAGE, "-icount: align=on is not possible here");
	x->c->icount_cycles = 1 + (unsigned)shift;
	return rc;
}

static int opt_action(struct boot_ctx *x, const char *arg)
{
	static const char *const reboot[] = {"reset", "shutdown", NULL}, *const off[] = {"poweroff", NULL};
	struct opts *o = opts_parse("-action", arg, NULL, x->e);
	unsigned k = x->c->no_reboot, none = 0;
	int rc = -1;

	if (!o)
		return -1;
	opts_str(o, "panic", NULL);
	opts_str(o, "watchdog", NULL);
	if (!opts_enum(o, "reboot", reboot, &k, x->e) && !opts_enum(o, "shutdown", off, &none, x->e))
		rc = opts_finish(o, x->e);
	opts_free(o);
	x->c->no_reboot = k;
	return rc;
}

static int opt_rtc(struct boot_ctx *x, const char *arg) { return merge_into(x, &x->c->rtc, arg, NULL); }
static int opt_log(struct boot_ctx *x, const char *arg) { return log_parse(arg, stdout, x->e); }
static int opt_logfilter(struct boot_ctx *x, const char *arg) { return log_filter(arg, x->e); }
static int opt_logfile(struct boot_ctx *x, const char *arg) { return log_open(arg, x->e); }

static const struct {
	const char *name;
	int (*fn)(struct boot_ctx *x, const char *arg);
	const char *arg, *help;
} table[] = {
#define OPT(n, h, a, t) {n, opt_##h, a, t},
#include "cli/boot_opts.def"
#undef OPT
};

void boot_opts_help(FILE *f)
{
	fputs("usage: parma boot [OPTIONS]\n\n"
	      "Boots a guest.  Options are those of qemu-system-aarch64 (one dash or two):\n\n", f);
	for (unsigned k = 0; k < ARRAY_SIZE(table); k++)
		fprintf(f, "  -%s %s\n        %s\n", table[k].name, table[k].arg ? table[k].arg : "", table[k].help);
	fputs("\nExit status: 0 the guest powered off, its own code through semihosting or testdev,\n"
	      "64 bad usage, 66 bad input file, 71 host failure, 128+N ended by signal N.\n", f);
}

static int finish_machine(struct boot_ctx *x)
{
	struct machine_config *c = x->c;
	const char *type, *gic, *accel;

	if (!x->machine)
		return 0;
	type = opts_str(x->machine, "type", "virt");
	gic = opts_str(x->machine, "gic-version", "3");
	accel = opts_str(x->machine, "accel", NULL);
	c->dumpdtb = opts_str(x->machine, "dumpdtb", c->dumpdtb);
	if (strcmp(type, "virt") && strncmp(type, "virt-", 5))
		return err_set(x->e, EXIT_USAGE, "-M: unknown machine '%s' (the machine is virt; -M help)", type);
	if (!strcmp(gic, "2"))
		c->gic_version = 2;
	else if (!strcmp(gic, "3") || !strcmp(gic, "max") || !strcmp(gic, "host"))
		c->gic_version = 3;
	else
		return err_set(x->e, EXIT_USAGE, "-M: gic-version=%s: parma has 2 and 3", gic);
	/* What other boards' users switch off is absent here; switching it on is an error where the guest would notice. */
	static const char *const absent[] = {"virtualization", "secure", "mte", "ras", "vmport", "iommu", "its", "acpi", "usb"};
	static const char *const harmless[] = {
		"highmem", "highmem-ecam", "highmem-mmio", "highmem-redists", "compact-highmem", "graphics",
		"dtb-randomness", "dtb-kaslr-seed", "mem-merge", "dump-guest-core", "suppress-vmdesc",
	};
	for (unsigned k = 0; k < ARRAY_SIZE(absent); k++) {
		const char *v = opts_str(x->machine, absent[k], "off");

		if (strcmp(v, "off") && strcmp(v, "none") && strcmp(v, "auto"))
			return err_set(x->e, EXIT_USAGE, "-M: %s=%s: this board has no such thing", absent[k], v);
	}
	for (unsigned k = 0; k < ARRAY_SIZE(harmless); k++)
		opts_str(x->machine, harmless[k], NULL);
	if (accel && !x->have_accel && set_accel(x, "-M accel", accel))
		return -1;
	return opts_finish(x->machine, x->e);
}

static int finish_accel(struct boot_ctx *x)
{
	if (x->foreign_accel && !x->have_accel)
		return err_set(x->e, EXIT_USAGE, "%s: the host cannot run the guest itself; give jit or interp", x->foreign_accel);
	return 0;
}

static int finish_sizes(struct boot_ctx *x)
{
	struct machine_config *c = x->c;
	static const char *const levels[] = {"drawers", "books", "dies", "modules"}; /* of other boards */
	uint64_t n = 1, sockets = 0, cores = 0, threads = 0, clusters = 0, max = 0;

	if (x->smp) {
		if (opts_u64(x->smp, "sockets", 1, 4096, &sockets, x->e) || opts_u64(x->smp, "cores", 1, 4096, &cores, x->e) ||
		    opts_u64(x->smp, "clusters", 1, 4096, &clusters, x->e) ||
		    opts_u64(x->smp, "threads", 1, 4096, &threads, x->e) || opts_u64(x->smp, "maxcpus", 1, 4096, &max, x->e))
			return -1;
		for (unsigned k = 0; k < ARRAY_SIZE(levels); k++) {
			uint64_t one = 1;

			if (opts_u64(x->smp, levels[k], 1, 1, &one, x->e))
				return -1;
		}
		n = MAX(sockets, 1) * MAX(clusters, 1) * MAX(cores, 1) * MAX(threads, 1);
		if (opts_u64(x->smp, "cpus", 1, 4096, &n, x->e) || opts_finish(x->smp, x->e))
			return -1;
	}
	if (n > MACHINE_MAX_CPUS)
		return err_set(x->e, EXIT_USAGE, "-smp: Invalid SMP CPUs %u. The max CPUs supported by machine 'virt' is %u", (unsigned)n, MACHINE_MAX_CPUS);
	if (c->gic_version == 2 && n > 8)
		return err_set(x->e, EXIT_USAGE, "-smp %u: a GICv2 serves at most 8 CPUs; use -M virt,gic-version=3", (unsigned)n);
	c->ncpus = (unsigned)n;
	if (x->memory) {
		uint64_t slots = 0, most = MACHINE_MAX_RAM; /* for memory that comes later, which there is none of */

		if (opts_size(x->memory, "size", UINT64_C(1) << 20, &c->ram_size, x->e) ||
		    opts_u64(x->memory, "slots", 0, 256, &slots, x->e) ||
		    opts_size(x->memory, "maxmem", UINT64_C(1) << 20, &most, x->e) || opts_finish(x->memory, x->e))
			return -1;
	}
	if (c->ram_size < (UINT64_C(1) << 20) || c->ram_size > MACHINE_MAX_RAM)
		return err_set(x->e, EXIT_USAGE, "-m: RAM must be between 1 MiB and %u GiB", (unsigned)(MACHINE_MAX_RAM >> 30));
	c->ram_size = ALIGN_UP(c->ram_size, UINT64_C(1) << 16);
	return 0;
}

static int finish_semihosting(struct boot_ctx *x)
{
	struct opts *o = x->c->semihosting_config;
	const char *target = opts_str(o, "target", "native");

	if (strcmp(target, "native") && strcmp(target, "auto"))
		return err_set(x->e, EXIT_USAGE, "-semihosting-config: target=%s: there is native only", target);
	opts_str(o, "chardev", NULL); /* these are read by src/machine/semihost_setup.c */
	opts_str(o, "arg", NULL);
	if (opts_bool(o, "userspace", &x->c->semihosting_el0, x->e))
		return -1;
	return opts_finish(o, x->e);
}

/* -sandbox: the keys of other emulators' filters; to be allowed something asks for nothing. */
static int finish_sandbox(struct boot_ctx *x)
{
	static const char *const keys[] = {"obsolete", "elevateprivileges", "spawn", "resourcecontrol"};
	static const char *const values[] = {"allow", "deny", "children", NULL};
	bool on = true;

	if (!x->sandbox)
		return 0;
	for (unsigned k = 0; k < ARRAY_SIZE(keys); k++) {
		unsigned v = 0;

		if (opts_enum(x->sandbox, keys[k], values, &v, x->e))
			return -1;
		if (v == 2 && k != 1)
			return err_set(x->e, EXIT_USAGE, "-sandbox: %s=children: give allow or deny", keys[k]);
	}
	if (opts_bool(x->sandbox, "enable", &on, x->e) || opts_finish(x->sandbox, x->e))
		return -1;
	x->c->sandbox = on ? SANDBOX_ON : SANDBOX_OFF;
	return 0;
}

/* Both engines run under the deterministic scheduler, where nothing but them writes to memory unseen. */
static int finish_lockstep(struct boot_ctx *x)
{
	struct machine_config *c = x->c;

	if (c->accel != ACCEL_LOCKSTEP)
		return 0;
	if (c->ncpus != 1)
		return err_set(x->e, EXIT_USAGE, "-accel lockstep runs one vCPU: give -smp 1");
	if (c->place.policy != PLACE_NONE && c->place.policy != PLACE_RR)
		return err_set(x->e, EXIT_USAGE, "-accel lockstep works with -sched rr only, which it implies");
	if (c->drives.n || c->blockdevs.n || c->devices.n || c->nics.n || c->netdevs.n || c->bios)
		return err_set(x->e, EXIT_USAGE, "-accel lockstep runs no disks, networks, firmware or other -device: they write to memory on their own");
	c->place.policy = PLACE_RR;
	return 0;
}

static int finish(struct boot_ctx *x)
{
	struct machine_config *c = x->c;

	if (!c->kernel && (c->initrd || c->append))
		return err_set(x->e, EXIT_USAGE, "%s needs a -kernel", c->initrd ? "-initrd" : "-append");
	if (!c->kernel && !c->bios && c->dtb)
		return err_set(x->e, EXIT_USAGE, "-dtb needs a -kernel or a -bios");
	if (finish_machine(x) || finish_accel(x) || finish_sizes(x) || finish_sandbox(x) || finish_lockstep(x))
		return -1;
	if (c->cpu_props)
		c->cpu = opts_str(c->cpu_props, "model", "max");
	if (c->semihosting_config && finish_semihosting(x))
		return -1;
	if (x->snapshot)
		for (unsigned k = 0; k < c->drives.n; k++)
			opts_set(c->drives.v[k], "snapshot", "on");
	if (!c->nserials && (c->defaults || x->nographic))
		return opt_serial(x, x->nographic ? "mon:stdio" : "stdio");
	return 0;
}

static int unknown(const char *arg, struct err *e)
{
	const char *name = arg + 1 + (arg[1] == '-');
	struct nearest n = nearest_begin(name);

	if (arg[0] != '-')
		return err_set(e, EXIT_USAGE, "'%s' is not an option (a kernel is given with -kernel)", arg);
	for (unsigned k = 0; k < ARRAY_SIZE(table); k++)
		nearest_try(&n, table[k].name);
	if (nearest_get(&n))
		return err_set(e, EXIT_USAGE, "unknown option '%s'; did you mean -%s? (parma help boot lists them)", arg,
			       nearest_get(&n));
	return err_set(e, EXIT_USAGE, "unknown option '%s' (parma help boot lists them)", arg);
}

/* Options without a list of their own whose value is not a text of the user's. */
static bool told_by_its_row(const char *name)
{
	static const char *const names[] = {"smp", "m", "drive", "blockdev", "nic", "object", "serial", "monitor", "qmp", "sched", "stats",
					    "fw_cfg", "global", "display", "semihosting-config", "rtc", "vga", "parallel"};

	for (unsigned k = 0; k < ARRAY_SIZE(names); k++)
		if (!strcmp(name, names[k]))
			return true;
	return false;
}

static int parse_args(struct boot_ctx *x, int argc, char **argv)
{
	for (int k = 1; k < argc; k++) {
		const char *name = argv[k] + 1 + (argv[k][0] == '-' && argv[k][1] == '-');
		const char *arg = NULL;
		unsigned row = 0;
		int rc;

		while (row < ARRAY_SIZE(table) && (argv[k][0] != '-' || strcmp(table[row].name, name)))
			row++;
		if (row == ARRAY_SIZE(table))
			return unknown(argv[k], x->e);
		x->what = argv[k];
		if (table[row].arg) {
			if (k + 1 == argc)
				return err_set(x->e, EXIT_USAGE, "%s needs an argument: %s %s", argv[k], argv[k], table[row].arg);
			arg = argv[++k];
		}
		if (arg && is_help(arg) && told_by_its_row(table[row].name)) {
			printf("-%s %s\n        %s\n", table[row].name, table[row].arg, table[row].help);
			return 1;
		}
		rc = table[row].fn(x, arg);
		if (rc)
			return rc;
	}
	return 0;
}

int boot_opts_parse(int argc, char **argv, struct machine_config *c, struct err *e)
{
	struct boot_ctx x = {.c = c, .e = e};
	int rc;

	*c = (struct machine_config){.name = "parma", .ncpus = 1, .ram_size = UINT64_C(128) << 20, .cpu = "max",
				     .gic_version = 3, .accel = ACCEL_BEST, .defaults = true, .legacy_virtio = true};
	rc = parse_args(&x, argc, argv);
	if (!rc)
		rc = finish(&x);
	c->machine_props = x.machine;
	opts_free(x.smp);
	opts_free(x.memory);
	opts_free(x.sandbox);
	return rc;
}

static void list_free(struct opt_list *l)
{
	for (unsigned k = 0; k < l->n; k++)
		opts_free(l->v[k]);
	free(l->v);
}

void boot_opts_free(struct machine_config *c)
{
	list_free(&c->chardevs);
	while (c->nqmps)
		free(c->qmps[--c->nqmps]);
	list_free(&c->drives);
	list_free(&c->blockdevs);
	list_free(&c->devices);
	list_free(&c->netdevs);
	list_free(&c->nics);
	list_free(&c->objects);
	list_free(&c->fw_cfgs);
	opts_free(c->machine_props);
	opts_free(c->cpu_props);
	opts_free(c->accel_props);
	opts_free(c->semihosting_config);
	opts_free(c->rtc);
	free(c->serials);
}
