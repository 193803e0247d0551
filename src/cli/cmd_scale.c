/*
 * parma scale: how a guest's throughput grows with its vCPUs, and where the
 * time goes.  Boots the guest once per size and round; see scale.h.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/nearest.h"
#include "base/opts.h"
#include "base/outfile.h"
#include "cli/cli.h"
#include "cli/scale.h"
#include "cli/scale_signal.h"
#include "sched/place.h"

static const unsigned char builtin_guest[] = {
#include "guest/scale_guest.inc"
};

/* X(name, what it does); of the built-in guest (src/guest/scale.c). */
#define BARE_WORKLOADS(X) \
	X("int", "integer arithmetic, nothing shared") \
	X("fp", "fused multiply-add, nothing shared") \
	X("ticket", "a ticket lock, waiters spin with YIELD") \
	X("mcs", "an MCS queue lock, waiters in WFE") \
	X("spin", "a test-and-set lock, waiters in WFE") \
	X("barrier", "a barrier, waiters in WFE") \
	X("tlbi", "map, touch and unmap: broadcast TLBI and DSB")

/* X(name, what, script for each of N processes, doing its part of a fixed amount of work); on Linux. */
#define LINUX_WORKLOADS(X) \
	X("fork", "fork and exec of small programs", "i=0; while [ $i -lt $((240 / N)) ]; do /bin/true; i=$((i + 1)); done") \
	X("pipe", "bytes through pipes between two processes each", \
	  "dd if=/dev/zero bs=512 count=$((24000 / N)) 2>/dev/null | cat | cat >/dev/null") \
	X("mmap", "processes that grow and go: page faults, unmapping", \
	  "i=0; while [ $i -lt $((48 / N)) ]; do head -c 2000000 /dev/zero | tail -c 1000000 >/dev/null; i=$((i + 1)); done") \
	X("build", "a mix as in compiling: many short programs that read, sort, pack and write", \
	  "i=0; mkdir -p /tmp/b$K; while [ $i -lt $((48 / N)) ]; do seq 1 400 | sed 's/1/x/g' | sort | gzip >/tmp/b$K/o; " \
	  "gzip -d </tmp/b$K/o | awk '{ n += length($0) } END { print n }' >/tmp/b$K/n; rm /tmp/b$K/o; i=$((i + 1)); done")

struct scale_ctx {
	unsigned points[SCALE_POINTS], npoints, repeat, timeout_s;
	uint64_t ms;
	unsigned model;
	const char *workloads, *csv, *json, *svg;
	bool with_qemu;
	char *boot_args[200];
	unsigned nboot;
	char **command; /* NULL: built-in workloads */
	bool have_kernel, have_initrd;
	char kernel[256], initrd[256], script[4096];
	char dir[64];
	char bare[160]; /* command line of the built-in guest; "": not asked for */
	const char *linux_work[8];
	unsigned nlinux;
};

static void usage(FILE *f)
{
	fputs("usage: parma scale [OPTIONS] [BOOT OPTIONS] [-- COMMAND...]\n\n"
	      "Boots a guest with 1, 2, 4, ... vCPUs, runs workloads or COMMAND in it, and reports\n"
	      "speed-up, efficiency, fits of Amdahl's law and the Universal Scalability Law, and\n"
	      "where the vCPUs' time went.\n\n"
	      "  --vcpus N,...      sizes (default: powers of two up to the host's processors)\n"
	      "  --repeat N         rounds; two or more give confidence intervals (default 3)\n"
	      "  --workload W,...   built-in workloads (default: those of the bare-metal guest)\n"
	      "  --ms N             duration of each bare-metal workload (default 300)\n"
	      "  --qemu             the same on qemu-system-aarch64, in the same rounds\n"
	      "  --csv F, --json F, --svg F   reports to files ('-': standard output)\n"
	      "  --model N          what the fitted law says up to N vCPUs, marked as not measured\n"
	      "  --timeout S        the longest a boot may take (default 300)\n\n"
	      "Boot options are those of `parma boot` (-accel, -sched, -kernel, -initrd, ...).\n"
	      "COMMAND runs on Linux, the guest of ./bootstrap unless -kernel and -initrd are given\n"
	      "(with an /init that runs /command, as src/guest/init.sh does).\n\nWorkloads on bare metal:\n", f);
#define X(name, what) fprintf(f, "  %-8s %s\n", name, what);
	BARE_WORKLOADS(X)
#undef X
	fputs("Workloads on Linux:\n", f);
#define X(name, what, script) fprintf(f, "  %-8s %s\n", name, what);
	LINUX_WORKLOADS(X)
#undef X
}

/* -- options -- */

static int parse_points(struct scale_ctx *x, const char *arg, struct err *e)
{
	char *copy = strdup(arg), *save = NULL;
	int rc = 0;

	x->npoints = 0;
	for (char *w = strtok_r(copy, ",", &save); w && !rc; w = strtok_r(NULL, ",", &save)) {
		uint64_t n;

		rc = parse_u64("--vcpus", w, 1, 128, &n, e);
		if (!rc && x->npoints && n <= x->points[x->npoints - 1])
			rc = err_set(e, EXIT_USAGE, "--vcpus %s: give sizes in rising order", arg);
		if (!rc && x->npoints == SCALE_POINTS)
			rc = err_set(e, EXIT_USAGE, "--vcpus: at most %d sizes", SCALE_POINTS);
		if (!rc)
			x->points[x->npoints++] = (unsigned)n;
	}
	free(copy);
	if (!rc && !x->npoints)
		rc = err_set(e, EXIT_USAGE, "--vcpus needs sizes, as in --vcpus 1,2,4");
	return rc;
}

static void default_points(struct scale_ctx *x)
{
	unsigned max = place_usable_cpus();

	for (unsigned n = 1; n < max && x->npoints < SCALE_POINTS - 1; n *= 2)
		x->points[x->npoints++] = n;
	x->points[x->npoints++] = max;
}

static int own_option(struct scale_ctx *x, const char *name, const char *arg, struct err *e)
{
	uint64_t v;

	if (!strcmp(name, "vcpus"))
		return parse_points(x, arg, e);
	if (!strcmp(name, "repeat")) {
		if (parse_u64("--repeat", arg, 1, SCALE_ROUNDS, &v, e))
			return -1;
		x->repeat = (unsigned)v;
	} else if (!strcmp(name, "timeout")) {
		if (parse_u64("--timeout", arg, 1, 86400, &v, e))
			return -1;
		x->timeout_s = (unsigned)v;
	} else if (!strcmp(name, "model")) {
		if (parse_u64("--model", arg, 2, 4096, &v, e))
			return -1;
		x->model = (unsigned)v;
	} else if (!strcmp(name, "ms")) {
		return parse_u64("--ms", arg, 1, 600000, &x->ms, e);
	} else if (!strcmp(name, "workload")) {
		x->workloads = arg;
	} else if (!strcmp(name, "csv")) {
		x->csv = arg;
	} else if (!strcmp(name, "json")) {
		x->json = arg;
	} else if (!strcmp(name, "svg")) {
		x->svg = arg;
	}
	return 0;
}

/* 1: help was asked for. */
static int parse_args(struct scale_ctx *x, int argc, char **argv, struct err *e)
{
	static const char *const own[] = {"vcpus", "repeat", "timeout", "ms", "model", "workload", "csv", "json", "svg"};

	for (int k = 1; k < argc; k++) {
		const char *name = argv[k][0] == '-' && argv[k][1] == '-' ? argv[k] + 2 : NULL;
		unsigned o = 0;

		if (!strcmp(argv[k], "-h") || (name && !strcmp(name, "help")))
			return 1;
		if (name && !*name) {
			x->command = argv + k + 1;
			return *x->command ? 0 : err_set(e, EXIT_USAGE, "no command after --");
		}
		if (name && !strcmp(name, "qemu")) {
			x->with_qemu = true;
			continue;
		}
		while (name && o < ARRAY_SIZE(own) && strcmp(own[o], name))
			o++;
		if (name && o < ARRAY_SIZE(own)) {
			if (k + 1 == argc)
				return err_set(e, EXIT_USAGE, "--%s needs an argument (parma scale --help)", name);
			if (own_option(x, name, argv[++k], e))
				return -1;
			continue;
		}
		if (x->nboot + 1 == ARRAY_SIZE(x->boot_args))
			return err_set(e, EXIT_USAGE, "too many boot options");
		if (!strcmp(argv[k] + (name != NULL), "-smp"))
			return err_set(e, EXIT_USAGE, "-smp: the sizes are given by --vcpus");
		x->have_kernel |= !strcmp(argv[k] + (name != NULL), "-kernel");
		x->have_initrd |= !strcmp(argv[k] + (name != NULL), "-initrd");
		x->boot_args[x->nboot++] = argv[k];
	}
	return 0;
}

/* -- workloads -- */

static const char *linux_script(const char *name)
{
#define X(n, what, script) \
	if (!strcmp(name, n)) \
		return script;
	LINUX_WORKLOADS(X)
#undef X
	return NULL;
}

static int choose_workload(struct scale_ctx *x, const char *w, struct err *e)
{
	struct nearest n = nearest_begin(w);

#define X(name, what) \
	if (!strcmp(w, name)) { \
		strcat(strcat(x->bare, " "), w); \
		return 0; \
	} \
	nearest_try(&n, name);
	BARE_WORKLOADS(X)
#undef X
#define X(name, what, script) \
	if (!strcmp(w, name)) { \
		if (x->nlinux < ARRAY_SIZE(x->linux_work)) \
			x->linux_work[x->nlinux++] = name; \
		return 0; \
	} \
	nearest_try(&n, name);
	LINUX_WORKLOADS(X)
#undef X
	return err_set(e, EXIT_USAGE, "--workload: there is no '%s'%s%s (parma scale --help lists them)", w,
		       nearest_get(&n) ? "; did you mean " : "", nearest_get(&n) ? nearest_get(&n) : "");
}

static int choose_workloads(struct scale_ctx *x, struct err *e)
{
	char *copy, *save = NULL;
	int rc = 0;

	if (x->command)
		return x->workloads ? err_set(e, EXIT_USAGE, "give --workload or a command, not both") : 0;
	if (!x->workloads && x->have_kernel)
		return err_set(e, EXIT_USAGE, "-kernel: say what to run in it (-- COMMAND, or --workload)");
	snprintf(x->bare, sizeof(x->bare), "ms=%u", (unsigned)x->ms);
	if (!x->workloads)
		return 0;
	if (strlen(x->workloads) > 80)
		return err_set(e, EXIT_USAGE, "--workload: too many");
	copy = strdup(x->workloads);
	for (char *w = strtok_r(copy, ",", &save); w && !rc; w = strtok_r(NULL, ",", &save))
		rc = choose_workload(x, w, e);
	free(copy);
	if (!strchr(x->bare, ' '))
		x->bare[0] = 0;
	if (!rc && !x->bare[0] && !x->nlinux)
		return err_set(e, EXIT_USAGE, "--workload needs names (parma scale --help lists them)");
	if (!rc && x->bare[0] && (x->nlinux || x->have_kernel))
		return err_set(e, EXIT_USAGE, "--workload: '%s' runs on bare metal, not with a kernel or with workloads on Linux", x->workloads);
	return rc;
}

/* Appends text as one quoted shell word. */
static void quote(char *out, size_t size, const char *word)
{
	size_t n = strlen(out);

	for (const char *p = word; n + 8 < size; p++) {
		if (p == word)
			out[n++] = '\'';
		if (!*p) {
			strcpy(out + n, "' ");
			return;
		}
		if (*p == '\'') {
			memcpy(out + n, "'\\''", 4);
			n += 4;
		} else {
			out[n++] = *p;
		}
		out[n] = 0;
	}
}

static void script_add(struct scale_ctx *x, const char *name, const char *body)
{
	size_t n = strlen(x->script);

	snprintf(x->script + n, sizeof(x->script) - n,
		 "echo @begin %s >/dev/parma.mark\n(%s)\necho @over %s $? >/dev/parma.mark\n", name, body, name);
}

static int make_script(struct scale_ctx *x, struct err *e)
{
	char body[1500] = "";

	if (x->command) {
		for (char **w = x->command; *w; w++)
			quote(body, sizeof(body), *w);
		if (strlen(body) + 200 > sizeof(body))
			return err_set(e, EXIT_USAGE, "the command is too long; put it into a file of the guest");
		script_add(x, "command", body);
	}
	for (unsigned k = 0; k < x->nlinux; k++) {
		snprintf(body, sizeof(body), "N=$(nproc); for K in $(seq $N); do (%s) & done; wait", linux_script(x->linux_work[k]));
		script_add(x, x->linux_work[k], body);
	}
	strcat(x->script, "echo @done >/dev/parma.mark\n");
	return 0;
}

/* -- files of the guest -- */

/* One file of a cpio archive ("newc"), as the kernel unpacks it over the initial RAM disk. */
static void cpio_file(FILE *f, const char *name, const char *data, size_t n)
{
	size_t len = strlen(name) + 1;

	fprintf(f, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1u, 0100755u, 0u, 0u, 1u, 0u, (unsigned)n, 0u, 0u, 0u,
		0u, (unsigned)len, 0u);
	fwrite(name, 1, len, f);
	for (size_t k = (110 + len) % 4; k && k < 4; k++)
		fputc(0, f);
	fwrite(data, 1, n, f);
	for (size_t k = n % 4; k && k < 4; k++)
		fputc(0, f);
}

static int copy_file(FILE *to, const char *from, struct err *e)
{
	FILE *f = fopen(from, "r");
	char buf[65536];
	size_t n, total = 0;

	if (!f)
		return err_set(e, EXIT_INPUT, "cannot read '%s': %s", from, strerror(errno));
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		total += fwrite(buf, 1, n, to);
	fclose(f);
	for (; total % 4; total++)
		fputc(0, to);
	return 0;
}

static int write_initrd(struct scale_ctx *x, const char *base, struct err *e)
{
	FILE *f;
	int rc;

	snprintf(x->initrd, sizeof(x->initrd), "%s/initrd", x->dir);
	f = fopen(x->initrd, "w");
	if (!f)
		return err_set(e, EXIT_HOST, "cannot write '%s': %s", x->initrd, strerror(errno));
	rc = copy_file(f, base, e);
	cpio_file(f, "command", x->script, strlen(x->script));
	cpio_file(f, "TRAILER!!!", "", 0);
	if ((ferror(f) | fclose(f)) && !rc)
		rc = err_set(e, EXIT_HOST, "cannot write '%s': %s", x->initrd, strerror(errno));
	return rc;
}

/* The guest that ./bootstrap makes: found beside the build folder, or named by PARMA_GUEST. */
static int find_guest(char *dir, size_t size, struct err *e)
{
	const char *env = getenv("PARMA_GUEST");
	char self[200], path[280];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (env) {
		snprintf(dir, size, "%s", env);
	} else {
		self[n < 0 ? 0 : n] = 0;
		slash = strrchr(self, '/');
		if (slash)
			*slash = 0;
		snprintf(dir, size, "%s/../.cache/guest", self);
	}
	snprintf(path, sizeof(path), "%s/kernel", dir);
	if (access(path, R_OK))
		return err_set(e, EXIT_INPUT, "no Linux guest in %s: run ./bootstrap boot once, set PARMA_GUEST, or give -kernel and -initrd", dir);
	return 0;
}

static int prepare_linux(struct scale_ctx *x, struct err *e)
{
	char dir[220], base[256];

	if (x->have_kernel != x->have_initrd)
		return err_set(e, EXIT_USAGE, "give both -kernel and -initrd, or neither");
	if (make_script(x, e))
		return -1;
	if (!x->have_kernel) {
		if (find_guest(dir, sizeof(dir), e))
			return -1;
		snprintf(x->kernel, sizeof(x->kernel), "%s/kernel", dir);
		snprintf(base, sizeof(base), "%s/initrd", dir);
		return write_initrd(x, base, e);
	}
	for (unsigned k = 0; k + 1 < x->nboot; k++) { /* the user's, with the command added */
		const char *name = x->boot_args[k] + (x->boot_args[k][0] == '-' && x->boot_args[k][1] == '-');

		if (!strcmp(name, "-initrd")) {
			if (write_initrd(x, x->boot_args[k + 1], e))
				return -1;
			x->boot_args[k + 1] = x->initrd;
		} else if (!strcmp(name, "-kernel")) {
			snprintf(x->kernel, sizeof(x->kernel), "%s", x->boot_args[k + 1]);
		}
	}
	return 0;
}

static int prepare_bare(struct scale_ctx *x, struct err *e)
{
	snprintf(x->kernel, sizeof(x->kernel), "%s/guest", x->dir);
	return outfile_write(x->kernel, builtin_guest, sizeof(builtin_guest), e);
}

/* -- measuring -- */

struct slot_ctx {
	struct scale_data *d;
	unsigned round, point;
	bool qemu;
};

static void found(void *arg, const char *name, const struct sample *s)
{
	struct slot_ctx *x = arg;
	struct scale_data *d = x->d;
	unsigned k = 0;

	while (k < d->nworks && strcmp(d->work[k].name, name))
		k++;
	if (k == SCALE_WORKS)
		return;
	if (k == d->nworks)
		snprintf(d->work[d->nworks++].name, sizeof(d->work[k].name), "%s", name);
	*(x->qemu ? &d->work[k].qemu[x->round][x->point] : &d->work[k].sample[x->round][x->point]) = *s;
}

static int measure(struct scale_ctx *x, struct scale_data *d, struct err *e)
{
	struct boot_plan p = {
		.boot_args = x->boot_args,
		.workloads = x->bare[0] ? x->bare : NULL,
		.script = x->script,
		.kernel = x->have_kernel && !x->with_qemu ? NULL : x->kernel,
		.initrd = x->initrd[0] && !x->have_kernel ? x->initrd : NULL,
		.timeout_s = x->timeout_s,
		.dir = x->dir,
	};

	for (unsigned r = 0; r < x->repeat; r++)
		for (unsigned k = 0; k < x->npoints; k++)
			for (unsigned q = 0; q <= x->with_qemu; q++) {
				struct slot_ctx s = {d, r, k, q};
				struct boot_plan this = p;
				int rc;

				if (isatty(STDERR_FILENO))
					fprintf(stderr, "\rround %u of %u, %u vCPUs%s ", r + 1, x->repeat, x->points[k], q ? ", QEMU" : "      ");
				this.vcpus = x->points[k];
				this.qemu = q;
				if (q && x->initrd[0])
					this.initrd = x->initrd;
				rc = scale_boot(&this, found, &s, e);
				if (isatty(STDERR_FILENO))
					fputs("\r\033[K", stderr);
				if (rc)
					return rc;
			}
	return 0;
}

static int report(const char *path, char *text, struct err *e)
{
	int rc;

	if (!text)
		return err_set(e, EXIT_HOST, "no memory for the report");
	if (!strcmp(path, "-"))
		rc = fputs(text, stdout) < 0 || fflush(stdout) ? err_set(e, EXIT_HOST, "cannot write the report") : 0;
	else
		rc = outfile_write(path, text, strlen(text), e);
	free(text);
	return rc;
}

static int reports(struct scale_ctx *x, const struct scale_data *d, struct err *e)
{
	bool to_stdout = (x->csv && !strcmp(x->csv, "-")) || (x->json && !strcmp(x->json, "-")) || (x->svg && !strcmp(x->svg, "-"));

	if (!to_stdout)
		scale_print(d, stdout);
	if ((x->csv && report(x->csv, scale_csv(d), e)) || (x->json && report(x->json, scale_json(d), e)) ||
	    (x->svg && report(x->svg, scale_svg(d), e)))
		return e->code;
	if (fflush(stdout) || ferror(stdout)) {
		err_set(e, EXIT_HOST, "cannot write to standard output");
		return EXIT_HOST;
	}
	return 0;
}

/* The temporary folder and what is in it. */
static void remove_dir(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *f;
	char path[400];

	while (d && (f = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, f->d_name);
		if (f->d_name[0] != '.')
			unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

static int run(struct scale_ctx *x, struct scale_data *d, struct err *e)
{
	int rc;

	snprintf(x->dir, sizeof(x->dir), "/tmp/parma-scale.XXXXXX");
	if (!mkdtemp(x->dir)) {
		err_set(e, EXIT_HOST, "cannot make a temporary folder: %s", strerror(errno));
		return EXIT_HOST;
	}
	rc = (x->bare[0] ? prepare_bare(x, e) : prepare_linux(x, e)) ? e->code : measure(x, d, e);
	remove_dir(x->dir);
	if (rc)
		return rc;
	return reports(x, d, e);
}

int cmd_scale(int argc, char **argv)
{
	static struct scale_ctx x = {.repeat = 3, .ms = 300, .timeout_s = 300};
	struct scale_data *d;
	struct err e = {0};
	int rc = parse_args(&x, argc, argv, &e);

	if (rc > 0) {
		usage(stdout);
		return EXIT_OK;
	}
	d = calloc(1, sizeof(*d));
	if (rc || !d || choose_workloads(&x, &e)) {
		fprintf(stderr, "parma scale: %s\n", d ? e.msg : "no memory");
		free(d);
		return e.code;
	}
	if (!x.npoints)
		default_points(&x);
	d->npoints = x.npoints;
	d->nrounds = x.repeat;
	memcpy(d->vcpus, x.points, sizeof(d->vcpus));
	d->with_qemu = x.with_qemu;
	d->model = x.model;
	d->command = x.command || x.nlinux;
	d->host_cpus = place_usable_cpus();
	strcpy(d->how, "parma");
	for (int k = 0; k < argc && strlen(d->how) + strlen(argv[k]) + 2 < sizeof(d->how); k++)
		strcat(strcat(d->how, " "), argv[k]);
	scale_signal_catch();
	rc = run(&x, d, &e);
	if (rc)
		fprintf(stderr, "parma scale: %s\n", e.msg);
	free(d);
	return rc;
}
