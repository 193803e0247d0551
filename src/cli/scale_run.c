/*
 * One boot of parma scale: a child `parma boot` (or QEMU), a pipe on which the
 * guest says when a workload begins and ends, and the control socket, which is
 * asked for the vCPUs' accounts at these moments.
 *
 * The child never outlives us: it dies with its parent, and is killed when
 * its time is over or a signal comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/clock.h"
#include "cli/qmpclient.h"
#include "cli/scale.h"
#include "cli/scale_signal.h"

#define MAX_ARGS 256
#define PATH_MAX_ 256
#define MARK_FD 3

struct boot {
	const struct boot_plan *p;
	void (*found)(void *arg, const char *work, const struct sample *s);
	void *arg;
	pid_t child;
	int pipe;                      /* what the guest says */
	char line[512];
	size_t len;
	struct qmpclient *qmp;         /* NULL: no accounts */
	char socket[PATH_MAX_], log[PATH_MAX_];
	double begin[CAUSE_COUNT];     /* accounts at @begin, ns over all vCPUs */
	bool have_begin;
	uint64_t begin_ns;
	bool done, failed;
	int status;                    /* of the command */
};

/* -- the command line of the child -- */

struct args {
	const char *v[MAX_ARGS];
	unsigned n;
	char text[8][PATH_MAX_];
	unsigned ntexts;
};

static void add(struct args *a, const char *s)
{
	if (a->n + 1 < MAX_ARGS)
		a->v[a->n++] = s;
}

static void add2(struct args *a, const char *s, const char *t)
{
	add(a, s);
	add(a, t);
}

static __attribute__((format(printf, 2, 3))) const char *text(struct args *a, const char *fmt, ...)
{
	char *t = a->text[a->ntexts++ % ARRAY_SIZE(a->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t, PATH_MAX_, fmt, ap);
	va_end(ap);
	return t;
}

static void add_guest(struct args *a, const struct boot_plan *p)
{
	if (p->kernel)
		add2(a, "-kernel", p->kernel);
	if (p->initrd)
		add2(a, "-initrd", p->initrd);
	if (p->workloads) {
		add(a, "-semihosting");
		add2(a, "-append", p->workloads);
		add2(a, "-serial", "chardev:mark");
		return;
	}
	add2(a, "-append", "console=ttyAMA0 loglevel=3 panic=-1");
	add2(a, "-chardev", text(a, "file,id=console,path=%s/console", p->dir));
	add2(a, "-serial", "chardev:console");
	add2(a, "-device", "virtio-serial-device");
	add2(a, "-device", "virtserialport,chardev=mark,name=parma.mark");
	add2(a, "-chardev", text(a, "file,id=out,path=%s/out", p->dir));
	add2(a, "-device", "virtserialport,chardev=out,name=parma.out");
}

static void build_args(struct args *a, const struct boot *b, const char *self)
{
	const struct boot_plan *p = b->p;

	*a = (struct args){0};
	if (p->qemu) {
		add(a, "qemu-system-aarch64");
		add2(a, "-M", "virt,gic-version=3");
		add2(a, "-cpu", "max,pauth=off");
		add2(a, "-accel", "tcg,thread=multi");
		add2(a, "-nic", "none");
		add2(a, "-m", p->workloads ? "128M" : "1G");
	} else {
		add2(a, self, "boot");
		add2(a, "-m", p->workloads ? "128M" : "1G");
		for (char *const *u = p->boot_args; *u; u++)
			add(a, *u);
		add2(a, "-qmp", text(a, "unix:%s,server=on,wait=off", b->socket));
	}
	add2(a, "-smp", text(a, "%u", p->vcpus));
	add(a, "-nodefaults");
	add(a, "-no-reboot");
	add2(a, "-display", "none");
	add2(a, "-chardev", text(a, "file,id=mark,path=/dev/fd/%d", MARK_FD));
	add_guest(a, p);
}

/* In the child. */
static void become(const struct boot *b, int mark, pid_t parent)
{
	char self[PATH_MAX_];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int log = open(b->log, O_WRONLY | O_CREAT | O_TRUNC, 0600), null = open("/dev/null", O_RDWR);
	static struct args a;
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	self[n < 0 ? 0 : n] = 0;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(log < 0 ? null : log, 1);
	dup2(log < 0 ? null : log, 2);
	if (mark == MARK_FD)
		fcntl(mark, F_SETFD, 0);
	else
		dup2(mark, MARK_FD);
	build_args(&a, b, self);
	execvp(a.v[0], (char **)(uintptr_t)a.v);
	dprintf(2, "cannot run %s: %s\n", a.v[0], strerror(errno));
	_exit(EXIT_HOST);
}

/* -- what the guest says -- */

/* The accounts now, summed over the vCPUs. false: none to be had. */
static bool accounts(struct boot *b, double sum[CAUSE_COUNT])
{
	json_t *stats, *cpu;
	struct err e;
	size_t k;

	memset(sum, 0, CAUSE_COUNT * sizeof(*sum));
	if (b->p->qemu)
		return false;
	if (!b->qmp && !(b->qmp = qmpclient_open(b->socket, 5000, &e)))
		return false;
	stats = qmpclient_do(b->qmp, "stats", &e);
	json_array_foreach(json_object_get(stats, "cpus"), k, cpu)
		for (unsigned n = 0; n < CAUSE_COUNT; n++)
			sum[n] += json_number_value(json_object_get(json_object_get(cpu, "time_ns"), cause_info[n].name));
	json_decref(stats);
	return stats;
}

static void cause_shares(struct boot *b, struct sample *s)
{
	double now[CAUSE_COUNT], total = 0;

	if (!b->have_begin || !accounts(b, now))
		return;
	for (unsigned n = 0; n < CAUSE_COUNT; n++) {
		/* Samples re-divide earlier time a little, so a difference may be negative. */
		s->cause[n] = now[n] > b->begin[n] ? now[n] - b->begin[n] : 0;
		total += s->cause[n];
	}
	for (unsigned n = 0; n < CAUSE_COUNT; n++)
		s->cause[n] = total > 0 ? s->cause[n] / total : 0;
}

static void handle_line(struct boot *b, char *line)
{
	struct sample s = {.there = true};
	double ops = 0, ns = 0;
	char name[24];

	if (sscanf(line, "@begin %23s", name) == 1) {
		b->have_begin = accounts(b, b->begin);
		b->begin_ns = clock_ns();
	} else if (sscanf(line, "@end %23s %lf %lf %lf %lf", name, &ops, &ns, &s.least, &s.most) >= 3) {
		cause_shares(b, &s);
		s.rate = ns > 0 ? ops * 1e9 / ns : 0;
		b->found(b->arg, name, &s);
	} else if (sscanf(line, "@over %23s %d", name, &b->status) == 2) { /* a command: our clock, one operation */
		ns = (double)(clock_ns() - b->begin_ns);
		cause_shares(b, &s);
		s.rate = 1e9 / ns;
		b->failed |= b->status != 0;
		if (!b->status)
			b->found(b->arg, name, &s);
	} else if (!strncmp(line, "@done", 5)) {
		b->done = true;
	} else if (!strncmp(line, "@error", 6)) {
		b->failed = true;
	}
}

static void take_bytes(struct boot *b, const char *buf, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		if (buf[k] == '\n' || b->len == sizeof(b->line) - 1) {
			b->line[b->len] = 0;
			handle_line(b, b->line);
			b->len = 0;
		} else if (buf[k] != '\r') {
			b->line[b->len++] = buf[k];
		}
	}
}

/* Until the pipe ends. false: the time is over, or a signal came. */
static bool listen_to_guest(struct boot *b)
{
	uint64_t end = clock_ns() + b->p->timeout_s * UINT64_C(1000000000);
	char buf[512];

	for (;;) {
		uint64_t now = clock_ns();
		struct pollfd f = {b->pipe, POLLIN, 0};
		ssize_t n;

		if (scale_signal() || now >= end)
			return false;
		if (poll(&f, 1, (int)MIN((end - now) / 1000000 + 1, UINT64_C(500))) <= 0)
			continue;
		n = read(b->pipe, buf, sizeof(buf));
		if (n > 0)
			take_bytes(b, buf, (size_t)n);
		else if (n == 0 || errno != EINTR)
			return true;
	}
}

/* The last lines of a file into out. */
static void tail_of(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n = 0;

	if (f && !fseek(f, 0, SEEK_END)) {
		long len = ftell(f), from = len > (long)size - 1 ? len - (long)size + 1 : 0;

		fseek(f, from, SEEK_SET);
		n = fread(out, 1, size - 1, f);
	}
	if (f)
		fclose(f);
	while (n && (out[n - 1] == '\n' || out[n - 1] == '\r'))
		n--;
	out[n] = 0;
}

static int explain(struct boot *b, bool in_time, int wstatus, struct err *e)
{
	const char *who = b->p->qemu ? "QEMU" : "the guest";
	char said[400], path[PATH_MAX_];

	if (scale_signal())
		return err_set(e, 128 + scale_signal(), "stopped by signal %d; nothing was written", scale_signal());
	tail_of(b->log, said, sizeof(said));
	if (!said[0] && !b->p->workloads) {
		snprintf(path, sizeof(path), "%s/out", b->p->dir);
		tail_of(path, said, sizeof(said));
	}
	if (!in_time)
		return err_set(e, EXIT_GUEST, "%s with %u vCPUs was not ready after %u s (--timeout)", who, b->p->vcpus, b->p->timeout_s);
	if (b->status)
		return err_set(e, EXIT_GUEST, "the command failed in the guest with status %d%s%s", b->status, said[0] ? ":\n" : "", said);
	return err_set(e, WIFEXITED(wstatus) && WEXITSTATUS(wstatus) ? WEXITSTATUS(wstatus) : EXIT_GUEST,
		       "%s with %u vCPUs ended early%s%s", who, b->p->vcpus, said[0] ? ":\n" : "", said);
}

int scale_boot(const struct boot_plan *p, void (*found)(void *arg, const char *work, const struct sample *s), void *arg,
	       struct err *e)
{
	struct boot b = {.p = p, .found = found, .arg = arg};
	pid_t parent = getpid();
	int fd[2], wstatus = 0;
	bool in_time;

	snprintf(b.socket, sizeof(b.socket), "%s/qmp", p->dir);
	snprintf(b.log, sizeof(b.log), "%s/log", p->dir);
	unlink(b.socket);
	if (pipe2(fd, O_CLOEXEC))
		return err_set(e, EXIT_HOST, "no pipe: %s", strerror(errno)), EXIT_HOST;
	b.child = fork();
	if (b.child < 0)
		return err_set(e, EXIT_HOST, "cannot start another process: %s", strerror(errno)), EXIT_HOST;
	if (!b.child)
		become(&b, fd[1], parent);
	close(fd[1]);
	b.pipe = fd[0];
	in_time = listen_to_guest(&b);
	if (!in_time)
		kill(b.child, SIGKILL);
	while (waitpid(b.child, &wstatus, 0) < 0 && errno == EINTR)
		;
	close(b.pipe);
	qmpclient_close(b.qmp);
	if (in_time && b.done && !b.failed && !scale_signal())
		return 0;
	explain(&b, in_time, wstatus, e);
	return e->code;
}
