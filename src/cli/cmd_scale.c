/*
 * parma scale: how a guest's throughput grows with its vCPUs, and where the
 * time goes.  Boots the guest once per size and round; see scale.h.
 */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/opts.h"
#include "base/outfile.h"
#include "cli/cli.h"
#include "cli/scale_priv.h"
#include "cli/scale_signal.h"
#include "sched/place.h"

static void usage(FILE *f)
{
	fputs("usage: parma scale [OPTIONS] [BOOT OPTIONS] [-- COMMAND...]\n\n"
	      "Boots a guest with 1, 2, 4, ... vCPUs, runs workloads or COMMAND in it, and reports\n"
	      "speed-up, efficiency, fits of Amdahl's law and the Universal Scalability Law, and\n"
	      "where the vCPUs' time went.\n\n"
	      "  --vcpus N,...      sizes (default: powers of two up to the host's processors)\n"
	      "  --repeat N         rounds; two or more give confidence intervals (default 3)\n"
	      "  --workload W,...   built-in workloads (default: those on bare metal)\n"
	      "  --ms N             duration of each bare-metal workload (default 300)\n"
	      "  --work N           amount of the workloads on Linux (default 10)\n"
	      "  --qemu             the same on qemu-system-aarch64, in the same rounds\n"
	      "  --hotplug          one boot for all sizes and rounds: CPUs go off and on in the guest\n"
	      "                     (on Linux, everything runs once before, not measured)\n"
	      "  --explain          variants of each workload beside it, which tell why it does not scale\n"
	      "  --csv F, --json F, --svg F   reports to files ('-': standard output)\n"
	      "  --png F            the chart by gnuplot; without that, SVG beside it\n"
	      "  --model N          what the fitted law says up to N vCPUs, marked as not measured\n"
	      "  --timeout S        the longest a boot may take (default 300)\n\n"
	      "Boot options are those of `parma boot` (-accel, -sched, -kernel, -initrd, ...).\n"
	      "COMMAND runs on Linux, the guest of ./bootstrap unless -kernel and -initrd are given\n"
	      "(with an /init that runs /command, as src/guest/init.sh does).\n\n", f);
	scale_list_workloads(f);
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

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
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
	} else if (!strcmp(name, "work")) {
		if (parse_u64("--work", arg, 1, 10000, &v, e))
			return -1;
		x->work = (unsigned)v;
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
	} else if (!strcmp(name, "png") || (!strcmp(name, "svg") && ends_in(arg, ".png"))) {
		x->png = arg;
	} else if (!strcmp(name, "svg")) {
		x->svg = arg;
	}
	return 0;
}

/* 1: help was asked for. */
static int parse_args(struct scale_ctx *x, int argc, char **argv, struct err *e)
{
	static const char *const own[] = {"vcpus", "repeat", "timeout", "ms", "work", "model", "workload", "csv", "json", "svg", "png"};

	for (int k = 1; k < argc; k++) {
		const char *name = argv[k][0] == '-' && argv[k][1] == '-' ? argv[k] + 2 : NULL;
		unsigned o = 0;

		if (!strcmp(argv[k], "-h") || (name && !strcmp(name, "help")))
			return 1;
		if (name && !*name) {
			x->command = argv + k + 1;
			return *x->command ? 0 : err_set(e, EXIT_USAGE, "no command after --");
		}
		if (name && (!strcmp(name, "qemu") || !strcmp(name, "hotplug") || !strcmp(name, "explain"))) {
			*(name[0] == 'q' ? &x->with_qemu : name[0] == 'h' ? &x->hotplug : &x->explain) = true;
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

/* -- measuring -- */

struct slot_ctx {
	struct scale_data *d;
	unsigned round, point;
	bool qemu, any; /* any: a size was told */
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

static void progress(const struct scale_data *d, unsigned round, unsigned vcpus, bool qemu)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rround %u of %u, %u vCPUs%s\033[K", round + 1, d->nrounds, vcpus, qemu ? ", QEMU" : "");
}

static void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* One boot for all: sizes rise within a round. */
static void sized(void *arg, unsigned vcpus)
{
	struct slot_ctx *x = arg;
	unsigned k = 0;

	while (k + 1 < x->d->npoints && x->d->vcpus[k] != vcpus)
		k++;
	if (x->any && k <= x->point && x->round + 1 < x->d->nrounds)
		x->round++;
	x->point = k;
	x->any = true;
	progress(x->d, x->round, vcpus, x->qemu);
}

static int one_boot(struct scale_ctx *x, struct scale_data *d, unsigned round, unsigned point, bool qemu, struct err *e)
{
	struct slot_ctx s = {d, round, point, qemu, false};
	struct boot_plan p = {
		.vcpus = x->points[point],
		.boot_args = x->boot_args,
		.workloads = x->bare[0] ? x->bare : NULL,
		.script = x->script,
		.kernel = x->have_kernel && !qemu ? NULL : x->kernel,
		.initrd = x->initrd[0] && (qemu || !x->have_kernel) ? x->initrd : NULL,
		.qemu = qemu,
		.timeout_s = x->timeout_s,
		.dir = x->dir,
		.found = found,
		.sized = x->hotplug ? sized : NULL,
		.arg = &s,
	};
	int rc;

	progress(d, round, p.vcpus, qemu);
	rc = scale_boot(&p, e);
	progress_end();
	return rc;
}

/* The lock workloads that were run, by threads of this host: for --explain. */
static int natively(struct scale_ctx *x, struct scale_data *d, unsigned round, unsigned point, struct err *e)
{
	unsigned n = d->nworks;
	struct sample s;
	char name[32];

	for (unsigned k = 0; k < n && x->explain; k++) {
		struct slot_ctx c = {d, round, point, false, false};

		if (scale_signal())
			return err_set(e, 128 + scale_signal(), "stopped by signal %d", scale_signal());
		if (!scale_native(d->work[k].name, d->vcpus[point], x->ms, &s))
			continue;
		snprintf(name, sizeof(name), "%.16s.native", d->work[k].name);
		found(&c, name, &s);
	}
	return 0;
}

/* With --hotplug all rounds are in one boot, and threads of the host come after it. */
static int natively_all(struct scale_ctx *x, struct scale_data *d, struct err *e)
{
	int rc = 0;

	for (unsigned r = 0; r < x->repeat && !rc; r++)
		for (unsigned k = 0; k < x->npoints && !rc; k++)
			rc = natively(x, d, r, k, e);
	return rc;
}

/* Workloads first, then variants of those that are there. */
static void sort_works(struct scale_data *d)
{
	struct scale_work *sorted = calloc(d->nworks, sizeof(*sorted));
	unsigned n = 0;

	d->nmain = d->nworks;
	if (!sorted)
		return;
	for (unsigned turn = 0; turn < 2; turn++) {
		for (unsigned k = 0; k < d->nworks; k++) {
			size_t len = strcspn(d->work[k].name, ".");
			bool variant = false;

			for (unsigned o = 0; o < d->nworks && d->work[k].name[len]; o++)
				variant |= !strncmp(d->work[o].name, d->work[k].name, len) && !d->work[o].name[len];
			if (variant == turn)
				sorted[n++] = d->work[k];
		}
		d->nmain = turn ? d->nmain : n;
	}
	memcpy(d->work, sorted, d->nworks * sizeof(*sorted));
	free(sorted);
}

static int measure(struct scale_ctx *x, struct scale_data *d, struct err *e)
{
	unsigned rounds = x->hotplug ? 1 : x->repeat;
	int rc = 0;

	for (unsigned r = 0; r < rounds; r++)
		for (unsigned k = x->hotplug ? x->npoints - 1 : 0; k < x->npoints; k++) {
			for (unsigned q = 0; q <= x->with_qemu && !rc; q++)
				rc = one_boot(x, d, r, k, q, e);
			if (!rc && !x->hotplug)
				rc = natively(x, d, r, k, e);
		}
	if (!rc && x->hotplug)
		rc = natively_all(x, d, e);
	sort_works(d);
	return rc;
}

/* Under a real-time policy we are to be heard while vCPUs spin: just above them. */
static void scale_priority(void)
{
	struct sched_param sp;
	int policy = sched_getscheduler(0);

	if ((policy != SCHED_RR && policy != SCHED_FIFO) || sched_getparam(0, &sp) || sp.sched_priority >= sched_get_priority_max(policy))
		return;
	sp.sched_priority++;
	sched_setscheduler(0, policy, &sp);
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

/* "F.png" to "F.svg", "F" to "F.svg". */
static void svg_name(const char *png, char *out, size_t size)
{
	snprintf(out, size, "%.*s.svg", (int)strlen(png) - (ends_in(png, ".png") ? 4 : 0), png);
}

static int report_png(struct scale_ctx *x, const struct scale_data *d, struct err *e)
{
	char path[400];
	size_t size;
	void *png;
	int rc;

	if (!scale_has_gnuplot()) {
		svg_name(x->png, path, sizeof(path));
		fprintf(stderr, "parma scale: no gnuplot, so the chart is in %s\n", path);
		return report(path, scale_svg(d), e);
	}
	png = scale_png(d, x->dir, &size, e);
	rc = png ? outfile_write(x->png, png, size, e) : -1;
	free(png);
	return rc;
}

static int reports(struct scale_ctx *x, const struct scale_data *d, struct err *e)
{
	bool to_stdout = (x->csv && !strcmp(x->csv, "-")) || (x->json && !strcmp(x->json, "-")) || (x->svg && !strcmp(x->svg, "-"));

	if (!to_stdout)
		scale_print(d, stdout);
	if ((x->csv && report(x->csv, scale_csv(d), e)) || (x->json && report(x->json, scale_json(d), e)) ||
	    (x->svg && report(x->svg, scale_svg(d), e)) || (x->png && report_png(x, d, e)))
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

/* The names of sockets in it have an end. */
static const char *tmp_dir(void)
{
	const char *t = getenv("TMPDIR");

	return t && *t == '/' && strlen(t) < 60 ? t : "/tmp";
}

/* What kill -9 left: folders of ours whose process is no more. */
static void remove_stale(void)
{
	DIR *d = opendir(tmp_dir());
	struct dirent *f;
	struct stat st;
	char path[340];
	int pid;

	while (d && (f = readdir(d)))
		if (sscanf(f->d_name, "parma-scale.%d.", &pid) == 1 && kill(pid, 0) && errno == ESRCH) {
			snprintf(path, sizeof(path), "%s/%s", tmp_dir(), f->d_name);
			if (!lstat(path, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
				remove_dir(path);
		}
	if (d)
		closedir(d);
}

static int run(struct scale_ctx *x, struct scale_data *d, struct err *e)
{
	int rc;

	remove_stale();
	snprintf(x->dir, sizeof(x->dir), "%s/parma-scale.%d.XXXXXX", tmp_dir(), (int)getpid());
	if (!mkdtemp(x->dir)) {
		err_set(e, EXIT_HOST, "cannot make a temporary folder: %s", strerror(errno));
		return EXIT_HOST;
	}
	rc = scale_prepare(x, e) ? e->code : measure(x, d, e);
	if (!rc)
		rc = reports(x, d, e);
	remove_dir(x->dir);
	return rc;
}

int cmd_scale(int argc, char **argv)
{
	static struct scale_ctx x = {.repeat = 3, .ms = 300, .work = 10, .timeout_s = 300};
	struct scale_data *d;
	struct err e = {0};
	int rc = parse_args(&x, argc, argv, &e);

	if (rc > 0) {
		usage(stdout);
		return EXIT_OK;
	}
	d = calloc(1, sizeof(*d));
	if (rc || !d || scale_choose(&x, &e)) {
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
	scale_priority();
	rc = run(&x, d, &e);
	if (rc)
		fprintf(stderr, "parma scale: %s\n", e.msg);
	free(d);
	return rc;
}
