/*
 * Tests one after the other in this process, or side by side (-j): each job is
 * a process with a gang of its own, since a crash, an endless test or the
 * translator's cache of one is then nothing to the others.  The parent hands
 * out tests by their number in the suite; a job answers with texts: the log,
 * messages, results (litmus/results.h), the report of a failure.  A job that
 * dies leaves its test as one that could not run, and is replaced.
 *
 * The parent has one thread, so that it may fork at any time.
 */
#include "cli/litmus_priv.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "litmus/results.h"

enum { OUT, ERR, RESULTS, FAILURE, NTEXTS };

struct order { uint64_t index, seed; };
struct answer { uint64_t len[NTEXTS]; };

struct job {
	pid_t pid;
	int fd;                  /* -1: there is no process */
	struct lit_entry *test;  /* NULL: idle */
};

struct crew {
	struct litmus_options *o;
	const struct litmus_work *w;
	struct job *job;
};

/* -- reads and writes as a whole; false: the other end is gone -- */

static bool transfer(int fd, char *p, size_t n, bool out)
{
	while (n) {
		ssize_t k = out ? send(fd, p, n, MSG_NOSIGNAL) : recv(fd, p, n, 0);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static bool put(int fd, void *p, size_t n) { return transfer(fd, p, n, true); }
static bool get(int fd, void *p, size_t n) { return transfer(fd, p, n, false); }

/* -- a job -- */

static void answer(int fd, struct litmus_session *s, const char *path)
{
	struct lit_entry t = {.path = strdup(path)};
	char *text[NTEXTS] = {NULL};
	size_t len[NTEXTS] = {0};
	FILE *results;
	struct answer a;

	s->out = open_memstream(&text[OUT], &len[OUT]);
	s->err = open_memstream(&text[ERR], &len[ERR]);
	results = open_memstream(&text[RESULTS], &len[RESULTS]);
	if (!s->out || !s->err || !results)
		_exit(EXIT_HOST);
	litmus_run_entry(s, &t);
	lit_results_write(results, &t);
	fclose(s->out);
	fclose(s->err);
	fclose(results);
	text[FAILURE] = t.failure;
	len[FAILURE] = t.failure ? strlen(t.failure) : 0;
	for (unsigned i = 0; i < NTEXTS; i++)
		a.len[i] = len[i];
	if (!put(fd, &a, sizeof(a)))
		_exit(EXIT_HOST);
	for (unsigned i = 0; i < NTEXTS; i++)
		if (!put(fd, text[i], len[i]))
			_exit(EXIT_HOST);
	for (unsigned i = 0; i < FAILURE; i++)
		free(text[i]);
	lit_entry_free(&t);
}

static _Noreturn void job_main(struct litmus_options *o, int fd, unsigned number)
{
	struct litmus_session s = {.o = o};
	struct order next;

	o->run.first_cpu = number * MAX(1u, (unsigned)sysconf(_SC_NPROCESSORS_ONLN) / o->jobs);
	while (get(fd, &next, sizeof(next))) {
		o->run.seed = next.seed;
		answer(fd, &s, o->suite.entry[next.index].path);
	}
	litmus_session_end(&s);
	_exit(0);
}

/* -- the parent -- */

static bool start(struct crew *c, unsigned number)
{
	pid_t parent = getpid();
	int fd[2];

	c->job[number].fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return false;
	fflush(stdout);
	fflush(stderr);
	c->job[number].pid = fork();
	if (!c->job[number].pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_HOST);
		for (unsigned i = 0; i < c->o->jobs; i++)
			if (c->job[i].fd >= 0)
				close(c->job[i].fd);
		close(fd[0]);
		job_main(c->o, fd[1], number);
	}
	close(fd[1]);
	if (c->job[number].pid < 0) {
		close(fd[0]);
		return false;
	}
	c->job[number].fd = fd[0];
	return true;
}

static int stop(struct job *j)
{
	int status = 0;

	if (j->fd < 0)
		return 0;
	close(j->fd);
	j->fd = -1;
	while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void could_not_run(struct crew *c, struct lit_entry *t, const char *why)
{
	t->status = t->status == LIT_FORBIDDEN ? LIT_FORBIDDEN : LIT_FAILED;
	free(t->message);
	if (asprintf(&t->message, "%s: %s", t->path, why) < 0)
		t->message = NULL;
	fprintf(stderr, "parma litmus: %s\n", t->message ? t->message : why);
	c->w->done(c->w->ctx, t, "");
}

/* Takes the answer of a job; false: it died. */
static bool take(struct crew *c, struct job *j)
{
	struct lit_entry *t = j->test;
	struct lit_suite one = {0};
	char *text[NTEXTS] = {NULL};
	struct answer a;
	struct err e;
	FILE *f;
	bool ok = get(j->fd, &a, sizeof(a));

	for (unsigned i = 0; ok && i < NTEXTS; i++) {
		text[i] = calloc(1, a.len[i] + 1);
		ok = text[i] && get(j->fd, text[i], a.len[i]);
	}
	f = ok ? fmemopen(text[RESULTS], a.len[RESULTS], "r") : NULL;
	if (f && !lit_results_read(f, "a job", &one, true, &e) && one.n) {
		lit_entry_add(t, &one.entry[0]);
		if (*text[FAILURE]) {
			free(t->failure);
			t->failure = strdup(text[FAILURE]);
		}
		fputs(text[ERR], stderr);
		j->test = NULL;
		c->w->done(c->w->ctx, t, text[OUT]);
	} else {
		ok = false;
	}
	if (f)
		fclose(f);
	lit_suite_free(&one);
	for (unsigned i = 0; i < NTEXTS; i++)
		free(text[i]);
	return ok;
}

static void bury(struct crew *c, struct job *j)
{
	struct lit_entry *t = j->test;
	int status = stop(j);
	char why[80];

	j->test = NULL;
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "the process that ran it was ended by signal %d", WTERMSIG(status));
	else
		snprintf(why, sizeof(why), "the process that ran it ended with status %d", WEXITSTATUS(status));
	could_not_run(c, t, why);
}

/* Gives an idle job work; false: there is none, now. */
static bool give(struct crew *c, unsigned number)
{
	struct job *j = &c->job[number];
	struct order next = {.seed = c->o->run.seed};
	struct lit_entry *t = c->w->next(c->w->ctx, &next.seed);

	if (!t)
		return false;
	next.index = (uint64_t)(t - c->o->suite.entry);
	t->given++;
	if ((j->fd < 0 && !start(c, number)) || !put(j->fd, &next, sizeof(next))) {
		stop(j);
		could_not_run(c, t, "no process to run it");
		return true;
	}
	j->test = t;
	return true;
}

static void wait_for_one(struct crew *c)
{
	struct pollfd p[256];
	unsigned who[256], n = 0;

	for (unsigned i = 0; i < c->o->jobs; i++)
		if (c->job[i].test) {
			who[n] = i;
			p[n++] = (struct pollfd){.fd = c->job[i].fd, .events = POLLIN};
		}
	if (poll(p, n, -1) < 0)
		return;
	for (unsigned k = 0; k < n; k++)
		if (p[k].revents && !take(c, &c->job[who[k]]))
			bury(c, &c->job[who[k]]);
}

static void side_by_side(struct litmus_options *o, const struct litmus_work *w)
{
	struct crew c = {o, w, calloc(o->jobs, sizeof(struct job))};
	bool busy;

	if (!c.job)
		exit(EXIT_HOST);
	for (unsigned i = 0; i < o->jobs; i++)
		c.job[i].fd = -1;
	do {
		busy = false;
		for (unsigned i = 0; i < o->jobs; i++)
			busy |= c.job[i].test || give(&c, i);
		if (busy)
			wait_for_one(&c);
	} while (busy);
	for (unsigned i = 0; i < o->jobs; i++)
		stop(&c.job[i]);
	free(c.job);
}

static void one_by_one(struct litmus_options *o, const struct litmus_work *w)
{
	struct litmus_session s = {.o = o, .out = stdout, .err = stderr};
	uint64_t seed = o->run.seed;
	struct lit_entry *t;

	for (;;) {
		o->run.seed = seed;
		t = w->next(w->ctx, &o->run.seed);
		if (!t)
			break;
		t->given++;
		litmus_run_entry(&s, t);
		w->done(w->ctx, t, NULL);
	}
	litmus_session_end(&s);
}

void litmus_run_work(struct litmus_options *o, const struct litmus_work *w)
{
	(o->jobs > 1 ? side_by_side : one_by_one)(o, w);
}
