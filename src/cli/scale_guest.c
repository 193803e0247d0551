/*
 * parma scale, the guest's side: the built-in workloads, the script that Linux
 * runs, and the files that a boot needs.  See scale_priv.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/nearest.h"
#include "base/outfile.h"
#include "cli/scale_priv.h"

static const unsigned char builtin_guest[] = {
#include "guest/scale_guest.inc"
};
/* src/guest/work.c */
static const unsigned char work_program[] = {
#include "guest/work_guest.inc"
};

/* X(name, what it does); of the built-in guest (src/guest/scale.c). */
#define BARE_WORKLOADS(X) \
	X("int", "integer arithmetic, nothing shared") \
	X("fp", "fused multiply-add, nothing shared") \
	X("ticket", "a ticket lock, waiters spin with YIELD") \
	X("mcs", "an MCS queue lock, waiters in WFE") \
	X("spin", "a test-and-set lock, waiters in WFE") \
	X("barrier", "a barrier, waiters in WFE") \
	X("fence", "a store and a full fence each, nothing shared") \
	X("excl", "load- and store-exclusive on one word") \
	X("tlbi", "map, touch and unmap: broadcast TLBI and DSB") \
	X("code", "calls of 4096 functions, a megabyte of code") \
	X("plain", "a ticket lock, waiters spin without any hint")

/*
 * X(name, what, script for each of N processes, K of 1 to N, doing its part of a fixed amount of work, W times); on Linux. `work` is
 * src/guest/work.c.
 */
#define LINUX_WORKLOADS(X) \
	X("fork", "fork and exec of small programs", "i=0; while [ $i -lt $((24 * W / N)) ]; do /bin/true; i=$((i + 1)); done") \
	X("pipe", "a byte to and fro between two processes, a pair for each CPU", "work pipe $((1200 * W / N))") \
	X("futex", "two threads that wake each other in turns, a pair for each CPU", "work futex $((1200 * W / N))") \
	X("mmap", "threads of one process map, touch and unmap: broadcast TLBI", "[ $K -gt 1 ] || work mmap $N $((1200 * W))") \
	X("grow", "processes that grow and go: page faults, unmapping", \
	  "i=0; while [ $i -lt $((5 * W / N)) ]; do head -c 2000000 /dev/zero | tail -c 1000000 >/dev/null; i=$((i + 1)); done") \
	X("build", "a mix as in compiling: many short programs that read, sort, pack and write", \
	  "i=0; mkdir -p /tmp/b$K; while [ $i -lt $((5 * W / N)) ]; do seq 1 400 | sed 's/1/x/g' | sort | gzip >/tmp/b$K/o; " \
	  "gzip -d </tmp/b$K/o | awk '{ n += length($0) } END { print n }' >/tmp/b$K/n; rm /tmp/b$K/o; i=$((i + 1)); done")

/* What --explain runs beside them. NEAR: whatever the part of CPU K starts stays there. */
#define NEAR "work here $((K - 1)) || exit 1; "
#define LONG "W=$((4 * W)); "
#define PROCS "work mmap 1 $((1200 * W / N))"

void scale_list_workloads(FILE *f)
{
	fputs("Workloads on bare metal:\n", f);
#define X(name, what) fprintf(f, "  %-8s %s\n", name, what);
	BARE_WORKLOADS(X)
#undef X
	fputs("Workloads on Linux:\n", f);
#define X(name, what, script) fprintf(f, "  %-8s %s\n", name, what);
	LINUX_WORKLOADS(X)
#undef X
}

/* -- workloads -- */

static const char *linux_script(const char *name)
{
#define X(n, what, script) \
	if (!strcmp(name, n)) \
		return script; \
	if (!strcmp(name, n ".near")) \
		return NEAR script; \
	if (!strcmp(name, n ".long")) \
		return LONG script;
	LINUX_WORKLOADS(X)
#undef X
	return strcmp(name, "mmap.procs") ? NULL : PROCS;
}

static bool is_bare(const char *name)
{
	size_t n = strcspn(name, ".");

#define X(w, what) \
	if (n == sizeof(w) - 1 && !strncmp(name, w, n)) \
		return true;
	BARE_WORKLOADS(X)
#undef X
	return false;
}

/* A workload, or a variant of one. */
static int add_workload(struct scale_ctx *x, const char *name, struct err *e)
{
	size_t n = strlen(x->bare);

	if (is_bare(name)) {
		if (n + strlen(name) + 2 > sizeof(x->bare))
			return err_set(e, EXIT_USAGE, "--workload: too many");
		sprintf(x->bare + n, " %s", name);
		return 0;
	}
	if (x->nlinux == ARRAY_SIZE(x->linux_work))
		return err_set(e, EXIT_USAGE, "--workload: too many");
	x->linux_work[x->nlinux++] = name;
	return 0;
}

/* The experiments that explain it, each under its name for good. */
static int add_experiments(struct scale_ctx *x, const char *work, struct err *e)
{
	static char names[SCALE_WORKS][24];
	static unsigned n;
	const struct experiment *v;

	for (unsigned k = 0; (v = scale_experiment(work, k)); k++) {
		if (!strcmp(v->variant, "native") || n == SCALE_WORKS)
			continue;
		snprintf(names[n], sizeof(names[n]), "%.12s.%.10s", v->work, v->variant);
		if (add_workload(x, names[n++], e))
			return -1;
	}
	return 0;
}

/* `w` lives on. */
static int choose_workload(struct scale_ctx *x, const char *w, struct err *e)
{
	const struct experiment *v = scale_experiment_named(w);
	struct nearest n = nearest_begin(w);
	bool known = v && strcmp(v->variant, "native");

#define X(name, ...) \
	known |= !strcmp(w, name); \
	nearest_try(&n, name);
	BARE_WORKLOADS(X)
	LINUX_WORKLOADS(X)
#undef X
	if (!known)
		return err_set(e, EXIT_USAGE, "--workload: there is no '%s'%s%s (parma scale --help lists them)", w,
			       nearest_get(&n) ? "; did you mean " : "", nearest_get(&n) ? nearest_get(&n) : "");
	return add_workload(x, w, e) || (x->explain && add_experiments(x, w, e)) ? -1 : 0;
}

#define NAME_AND_COMMA(name, what) name ","

int scale_choose(struct scale_ctx *x, struct err *e)
{
	static char copy[300];
	char *save = NULL;
	int rc = 0;

	if (x->command)
		return x->workloads || x->explain ? err_set(e, EXIT_USAGE, "give --workload or a command, not both; --explain knows workloads only") : 0;
	if (!x->workloads && x->have_kernel)
		return err_set(e, EXIT_USAGE, "-kernel: say what to run in it (-- COMMAND, or --workload)");
	snprintf(x->bare, sizeof(x->bare), "ack ms=%u", (unsigned)x->ms);
	if (!x->workloads && !x->explain)
		return 0;
	if (!x->workloads)
		x->workloads = BARE_WORKLOADS(NAME_AND_COMMA);
	if (strlen(x->workloads) >= sizeof(copy))
		return err_set(e, EXIT_USAGE, "--workload: too many");
	strcpy(copy, x->workloads);
	for (char *w = strtok_r(copy, ",", &save); w && !rc; w = strtok_r(NULL, ",", &save))
		rc = choose_workload(x, w, e);
	if (!strchr(x->bare + 4, ' '))
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
		 "say @begin %s\n(%s)\nsay @over %s $?\n", name, body, name);
}

/*
 * What the guest runs: each mark on port 9 is answered by a line when we have looked at the accounts. With --hotplug the
 * commands are run after each change of the CPUs, and once before, unseen: else the first size would translate for all.
 */
static const char script_head[] =
	"exec 9<>/dev/parma.mark\n"
	"say() { [ -n \"$quiet\" ] || { echo \"$*\" >&9; read -t 600 answer <&9; }; }\n"
	"cpus() {\n"
	" k=1\n"
	" while [ -d /sys/devices/system/cpu/cpu$k ]; do\n"
	"  f=/sys/devices/system/cpu/cpu$k/online want=0\n"
	"  [ $k -ge $1 ] || want=1\n"
	"  [ \"$(cat $f)\" = $want ] || echo $want >$f\n"
	"  k=$((k + 1))\n"
	" done\n"
	" [ $(nproc) = $1 ] || { say @error $(nproc) CPUs, not $1; exit 1; }\n"
	" say @cpus $1\n"
	"}\n";

static int make_script(struct scale_ctx *x, struct err *e)
{
	char body[1800] = "";
	size_t n;

	strcpy(x->script, script_head);
	strcat(x->script, "all() {\n");
	if (x->command) {
		for (char **w = x->command; *w; w++)
			quote(body, sizeof(body), *w);
		if (strlen(body) + 200 > sizeof(body))
			return err_set(e, EXIT_USAGE, "the command is too long; put it into a file of the guest");
		script_add(x, "command", body);
	}
	for (unsigned k = 0; k < x->nlinux; k++) {
		snprintf(body, sizeof(body), "W=%u N=$(nproc) J=; for K in $(seq $N); do (%s) & J=\"$J $!\"; done; for j in $J; do wait $j || exit 1; done",
			 x->work, linux_script(x->linux_work[k]));
		script_add(x, x->linux_work[k], body);
	}
	strcat(x->script, x->hotplug ? "}\nquiet=1; all; quiet=\n" : "}\n");
	for (unsigned r = 0; r < x->repeat && x->hotplug; r++)
		for (unsigned k = 0; k < x->npoints; k++) {
			n = strlen(x->script);
			if (snprintf(x->script + n, sizeof(x->script) - n, "cpus %u; all\n", x->points[k]) >= (int)(sizeof(x->script) - n - 40))
				return err_set(e, EXIT_USAGE, "--hotplug: too many rounds and sizes for one boot");
		}
	strcat(x->script, x->hotplug ? "say @done\n" : "all\nsay @done\n");
	return 0;
}

/* The sizes, for the guest on bare metal. */
static int add_sizes(struct scale_ctx *x, struct err *e)
{
	size_t n = strlen(x->bare);

	for (unsigned r = 0; r < x->repeat; r++)
		for (unsigned k = 0; k < x->npoints; k++) {
			if (n + 10 > sizeof(x->bare))
				return err_set(e, EXIT_USAGE, "--hotplug: too many rounds and sizes for one boot");
			n += (size_t)snprintf(x->bare + n, sizeof(x->bare) - n, "%s%u", r || k ? "," : " cpus=", x->points[k]);
		}
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
	cpio_file(f, "bin/work", (const char *)work_program, sizeof(work_program));
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
	if (x->hotplug && add_sizes(x, e))
		return -1;
	snprintf(x->kernel, sizeof(x->kernel), "%s/guest", x->dir);
	return outfile_write(x->kernel, builtin_guest, sizeof(builtin_guest), e);
}

int scale_prepare(struct scale_ctx *x, struct err *e) { return x->bare[0] ? prepare_bare(x, e) : prepare_linux(x, e); }
