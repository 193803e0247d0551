/*
 * One boot of parma scale: a child `parma boot` (or QEMU), a socket on which the
 * guest says when a workload begins and ends and waits for an answer, and the
 * control socket, which is asked for the vCPUs' accounts before that is given.
 * So accounts are those of the moment, and the guest is there when they are read,
 * however busy the host.
 *
 * The child never outlives us: it dies with its parent, and is killed when
 * its time is over or a signal comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/clock.h"
#include "cli/qmpclient.h"
#include "cli/scale.h"
#include "cli/scale_signal.h"

#define MAX_ARGS 256
#define PATH_MAX_ 256

/* The accounts at one moment, summed over the vCPUs that take part. */
struct snap {
	bool there;
	double time_ns, cause[CAUSE_COUNT], fences, retries;
};

struct boot {
	const struct boot_plan *p;
	pid_t child;
	int listener, mark;            /* where the guest connects; what it says, -1: not yet */
	char line[512];
	size_t len;
	struct qmpclient *qmp;         /* NULL: no accounts */
	char socket[PATH_MAX_], marks[PATH_MAX_], log[PATH_MAX_];
	unsigned vcpus;                /* that take part now */
	struct snap begin;             /* at @begin */
	uint64_t begin_ns;
	bool done, failed;
	int status;                    /* of the command */
	char why[128];                 /* what @error said */
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
	add2(a, "-append", p->sized ? "console=ttyAMA0 loglevel=3 panic=-1 maxcpus=1" : "console=ttyAMA0 loglevel=3 panic=-1");
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
		add2(a, "-accel", "profile=on");
		add2(a, "-qmp", text(a, "unix:%s,server=on,wait=off", b->socket));
	}
	add2(a, "-smp", text(a, "%u", p->vcpus));
	add(a, "-nodefaults");
	add(a, "-no-reboot");
	add2(a, "-display", "none");
	add2(a, "-chardev", text(a, "socket,id=mark,path=%s", b->marks));
	add_guest(a, p);
}

/* Under a real-time policy we stand above the guest (scale_priority()), which is to have what we were given. */
static void lower_priority(void)
{
	struct sched_param sp;
	int policy = sched_getscheduler(0);

	if ((policy != SCHED_RR && policy != SCHED_FIFO) || sched_getparam(0, &sp) || sp.sched_priority < 2)
		return;
	sp.sched_priority--;
	sched_setscheduler(0, policy, &sp);
}

/* In the child. */
static void become(const struct boot *b, pid_t parent)
{
	char self[PATH_MAX_];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int log = open(b->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	static struct args a;
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	self[n < 0 ? 0 : n] = 0;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0); /* Ctrl-C is for us, who end the child */
	lower_priority();
	dup2(null, 0);
	dup2(log < 0 ? null : log, 1);
	dup2(log < 0 ? null : log, 2);
	build_args(&a, b, self);
	execvp(a.v[0], (char **)(uintptr_t)a.v);
	dprintf(2, "cannot run %s: %s\n", a.v[0], strerror(errno));
	_exit(EXIT_HOST);
}

/* -- what the guest says -- */

static void accounts(struct boot *b, struct snap *at)
{
	json_t *stats, *cpu;
	struct err e;
	size_t k;

	*at = (struct snap){0};
	if (b->p->qemu || (!b->qmp && !(b->qmp = qmpclient_open(b->socket, 5000, &e))))
		return;
	stats = qmpclient_do(b->qmp, "stats", &e);
	at->there = stats;
	at->time_ns = json_number_value(json_object_get(stats, "time_ns"));
	json_array_foreach(json_object_get(stats, "cpus"), k, cpu) {
		if (k >= b->vcpus)
			break;
		for (unsigned n = 0; n < CAUSE_COUNT; n++)
			at->cause[n] += json_number_value(json_object_get(json_object_get(cpu, "time_ns"), cause_info[n].name));
		at->fences += json_number_value(json_object_get(cpu, "fences"));
		at->retries += json_number_value(json_object_get(cpu, "stx_fails"));
	}
	json_decref(stats);
}

static void cause_shares(struct boot *b, struct sample *s)
{
	double total = 0, seconds;
	struct snap now;

	if (!b->begin.there)
		return;
	accounts(b, &now);
	if (!now.there)
		return;
	for (unsigned n = 0; n < CAUSE_COUNT; n++) {
		/* What was not settled at @begin may have been divided otherwise since. */
		s->cause[n] = now.cause[n] > b->begin.cause[n] ? now.cause[n] - b->begin.cause[n] : 0;
		total += s->cause[n];
	}
	for (unsigned n = 0; n < CAUSE_COUNT; n++)
		s->cause[n] = total > 0 ? s->cause[n] / total : 0;
	seconds = (now.time_ns - b->begin.time_ns) * 1e-9;
	if (seconds > 0) {
		s->fences = (now.fences - b->begin.fences) / seconds;
		s->retries = (now.retries - b->begin.retries) / seconds;
	}
}

static void handle_line(struct boot *b, char *line)
{
	struct sample s = {.there = true};
	double ops = 0, ns = 0;
	char name[24];

	if (sscanf(line, "@begin %23s", name) == 1) {
		accounts(b, &b->begin);
		b->begin_ns = clock_ns();
	} else if (sscanf(line, "@end %23s %lf %lf %lf %lf", name, &ops, &ns, &s.least, &s.most) >= 3) {
		cause_shares(b, &s);
		s.rate = ns > 0 ? ops * 1e9 / ns : 0;
		b->p->found(b->p->arg, name, &s);
	} else if (sscanf(line, "@over %23s %d", name, &b->status) == 2) { /* a command: our clock, one operation */
		ns = (double)(clock_ns() - b->begin_ns);
		cause_shares(b, &s);
		s.rate = 1e9 / ns;
		b->failed |= b->status != 0;
		if (!b->status)
			b->p->found(b->p->arg, name, &s);
	} else if (sscanf(line, "@cpus %u", &b->vcpus) == 1) {
		if (b->p->sized)
			b->p->sized(b->p->arg, b->vcpus);
	} else if (!strncmp(line, "@done", 5)) {
		b->done = true;
	} else if (!strncmp(line, "@error", 6)) {
		b->failed = true;
		snprintf(b->why, sizeof(b->why), "%.100s", line + 6);
	}
	if (line[0] == '@' && send(b->mark, "\n", 1, MSG_NOSIGNAL) != 1)
		b->failed |= !b->done; /* it has gone, which the socket's end tells too */
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

static bool child_ended(struct boot *b, int *wstatus)
{
	if (b->child && waitpid(b->child, wstatus, WNOHANG) == b->child)
		b->child = 0;
	return !b->child;
}

/* Until the guest's side of the socket ends. false: the time is over, or a signal came. */
static bool listen_to_guest(struct boot *b, int *wstatus)
{
	uint64_t end = clock_ns() + b->p->timeout_s * UINT64_C(1000000000);
	char buf[512];

	for (;;) {
		uint64_t now = clock_ns();
		struct pollfd f = {b->mark < 0 ? b->listener : b->mark, POLLIN, 0};
		ssize_t n;

		if (b->done)
			return true;
		if (scale_signal() || now >= end)
			return false;
		if (poll(&f, 1, (int)MIN((end - now) / 1000000 + 1, UINT64_C(50))) <= 0) {
			if (b->mark < 0 && child_ended(b, wstatus))
				return true;
			continue;
		}
		if (b->mark < 0) {
			b->mark = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
			continue;
		}
		n = read(b->mark, buf, sizeof(buf));
		if (n > 0)
			take_bytes(b, buf, (size_t)n);
		else if (n == 0 || errno != EINTR)
			return true;
	}
}

static int open_listener(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(path);
	snprintf(a.sun_path, sizeof(a.sun_path), "%.100s", path); /* of our own making: it is short */
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 1))) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
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
	if (b->why[0])
		return err_set(e, EXIT_GUEST, "%s with %u vCPUs says:%s", who, b->p->vcpus, b->why);
	if (b->status)
		return err_set(e, EXIT_GUEST, "the command failed in the guest with status %d%s%s", b->status, said[0] ? ":\n" : "", said);
	return err_set(e, WIFEXITED(wstatus) && WEXITSTATUS(wstatus) ? WEXITSTATUS(wstatus) : EXIT_GUEST,
		       "%s with %u vCPUs ended early%s%s", who, b->p->vcpus, said[0] ? ":\n" : "", said);
}

/* The guest has ended by itself, or its time has: what its end was. */
static int reap(struct boot *b, bool in_time)
{
	int wstatus = 0;
	uint64_t end = clock_ns() + UINT64_C(5000000000); /* a guest that is done leaves; one that does not is made to */

	while (in_time && !child_ended(b, &wstatus) && !scale_signal() && clock_ns() < end)
		poll(NULL, 0, 2);
	if (b->child) {
		kill(b->child, SIGKILL);
		while (waitpid(b->child, &wstatus, 0) < 0 && errno == EINTR)
			;
	}
	return wstatus;
}

int scale_boot(const struct boot_plan *p, struct err *e)
{
	struct boot b = {.p = p, .mark = -1, .vcpus = p->vcpus};
	pid_t parent = getpid();
	int wstatus = 0;
	bool in_time;

	snprintf(b.socket, sizeof(b.socket), "%s/qmp", p->dir);
	snprintf(b.marks, sizeof(b.marks), "%s/marks", p->dir);
	snprintf(b.log, sizeof(b.log), "%s/log", p->dir);
	unlink(b.socket);
	b.listener = open_listener(b.marks);
	if (b.listener < 0)
		return err_set(e, EXIT_HOST, "cannot listen on '%s': %s", b.marks, strerror(errno)), EXIT_HOST;
	b.child = fork();
	if (!b.child)
		become(&b, parent);
	if (b.child < 0) {
		close(b.listener);
		return err_set(e, EXIT_HOST, "cannot start another process: %s", strerror(errno)), EXIT_HOST;
	}
	in_time = listen_to_guest(&b, &wstatus);
	if (b.child)
		wstatus = reap(&b, in_time);
	close(b.listener);
	if (b.mark >= 0)
		close(b.mark);
	qmpclient_close(b.qmp);
	if (in_time && b.done && !b.failed && !scale_signal())
		return 0;
	explain(&b, in_time, wstatus, e);
	return e->code;
}
