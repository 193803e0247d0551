/*
 * parma top: what the vCPUs of a running guest do, from its control socket
 * (`parma boot -qmp unix:PATH,server=on,wait=off`).  On a terminal a view that
 * renews itself until q or Ctrl-C; elsewhere one report over one interval.
 *
 * The terminal's second screen is used and left again however we end (kill -9
 * too: base/termguard.h), and while we are stopped.
 */
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/opts.h"
#include "base/termguard.h"
#include "cli/cli.h"
#include "cli/qmpclient.h"
#include "cli/scale_signal.h"
#include "sched/account.h"

#define SCREEN_LEAVE "\033[?25h\033[?1049l"

struct top {
	struct qmpclient *q;
	double interval_s;
	bool json, live;
};

static double number(const json_t *o, const char *key) { return json_number_value(json_object_get(o, key)); }

/* Share of cause c in cpu's time between two snapshots. */
static void shares(const json_t *was, const json_t *now, double out[CAUSE_COUNT])
{
	double sum = 0;

	for (unsigned c = 0; c < CAUSE_COUNT; c++) {
		double d = number(json_object_get(now, "time_ns"), cause_info[c].name) -
			   number(json_object_get(was, "time_ns"), cause_info[c].name);

		sum += out[c] = d > 0 ? d : 0;
	}
	for (unsigned c = 0; c < CAUSE_COUNT; c++)
		out[c] = sum > 0 ? out[c] / sum : 0;
}

static const char *const rates[] = {"instructions", "halts", "yields", "exceptions", "interrupts", "tlb_misses", "mmio", "dsb_waits"};

/* -- the table: as wide and as high as the screen, whole lines -- */

struct page {
	FILE *f;
	unsigned width, height; /* 0: no limit */
	unsigned col, line;
	bool live;
};

/* A cell, right-aligned; false: the line is full. */
static __attribute__((format(printf, 3, 4))) bool cell(struct page *p, unsigned width, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (p->width && p->col + width >= p->width)
		return false;
	p->col += width;
	fprintf(p->f, "%*.*s", (int)width, (int)width, text);
	return true;
}

static void end_line(struct page *p)
{
	fputs(p->live ? "\033[K\n" : "\n", p->f);
	p->col = 0;
	p->line++;
}

static bool room(const struct page *p, unsigned lines) { return !p->height || p->line + lines < p->height; }

/* A line of text, cut where the screen ends. */
static __attribute__((format(printf, 2, 3))) void text_line(struct page *p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (p->width && strlen(text) >= p->width)
		text[p->width - 1] = 0;
	fputs(text, p->f);
	end_line(p);
}

/* The causes that some vCPU has, most useful first; the number of them. */
static unsigned used_causes(const json_t *was, const json_t *now, unsigned out[CAUSE_COUNT])
{
	bool used[CAUSE_COUNT] = {[CAUSE_user] = true, [CAUSE_kernel] = true, [CAUSE_halted] = true};
	double t[CAUSE_COUNT];
	unsigned n = 0;
	size_t k;
	json_t *cpu;

	json_array_foreach(json_object_get(now, "cpus"), k, cpu) {
		shares(json_array_get(json_object_get(was, "cpus"), k), cpu, t);
		for (unsigned c = 0; c < CAUSE_COUNT; c++)
			used[c] |= t[c] >= 0.0005;
	}
	for (unsigned c = 0; c < CAUSE_COUNT; c++)
		if (used[c])
			out[n++] = c;
	return n;
}

/* "1234567" as "1.23M", in at most six characters. */
static void short_number(double v, char out[16])
{
	static const char unit[] = " kMGT";
	unsigned u = 0;

	for (; v >= 999.5 && unit[u + 1]; u++)
		v /= 1000;
	if (u)
		snprintf(out, 16, "%.*f%c", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, unit[u]);
	else
		snprintf(out, 16, "%.0f", v);
}

static void table_of_time(struct page *p, const json_t *was, const json_t *now)
{
	const json_t *cpus = json_object_get(now, "cpus"), *old = json_object_get(was, "cpus");
	unsigned causes[CAUSE_COUNT], n = used_causes(was, now, causes);
	size_t k;
	json_t *cpu;

	cell(p, 4, "vCPU");
	cell(p, 9, " state   ");
	for (unsigned c = 0; c < n && cell(p, 10, "%s", cause_info[causes[c]].name); c++)
		;
	end_line(p);
	json_array_foreach(cpus, k, cpu) {
		double t[CAUSE_COUNT];

		if (!room(p, 2)) {
			text_line(p, "  (and %zu more vCPUs)", json_array_size(cpus) - k);
			break;
		}
		shares(json_array_get(old, k), cpu, t);
		cell(p, 4, "%.0f", number(cpu, "cpu"));
		cell(p, 9, " %-8s", json_string_value(json_object_get(cpu, "state")));
		for (unsigned c = 0; c < n && cell(p, 10, "%.1f", 100 * t[causes[c]]); c++)
			;
		end_line(p);
	}
}

static void table_of_rates(struct page *p, const json_t *was, const json_t *now, double s)
{
	const json_t *cpus = json_object_get(now, "cpus"), *old = json_object_get(was, "cpus");
	size_t k;
	json_t *cpu;

	if (!room(p, 4))
		return;
	end_line(p);
	cell(p, 4, "vCPU");
	for (unsigned r = 0; r < ARRAY_SIZE(rates) && cell(p, 14, "%s/s", rates[r]); r++)
		;
	end_line(p);
	json_array_foreach(cpus, k, cpu) {
		if (!room(p, 2))
			break;
		cell(p, 4, "%.0f", number(cpu, "cpu"));
		for (unsigned r = 0; r < ARRAY_SIZE(rates); r++) {
			char text[16];

			short_number((number(cpu, rates[r]) - number(json_array_get(old, k), rates[r])) / s, text);
			if (!cell(p, 14, "%s", text))
				break;
		}
		end_line(p);
	}
}

/* Two snapshots as tables. */
static void show(const json_t *was, const json_t *now, struct page *p)
{
	double s = (number(now, "time_ns") - number(was, "time_ns")) * 1e-9;

	text_line(p, "engine %s, up %.1f s, %zu vCPUs on %.0f processors; percent of time over %.1f s",
		  json_string_value(json_object_get(now, "engine")), number(now, "time_ns") * 1e-9,
		  json_array_size(json_object_get(now, "cpus")), number(now, "usable_cpus"), s);
	end_line(p);
	table_of_time(p, was, now);
	table_of_rates(p, was, now, s > 0 ? s : 1);
}

static json_t *to_json(const json_t *was, const json_t *now)
{
	double s = (number(now, "time_ns") - number(was, "time_ns")) * 1e-9, t[CAUSE_COUNT];
	json_t *list = json_array(), *cpu;
	size_t k;

	json_array_foreach(json_object_get(now, "cpus"), k, cpu) {
		const json_t *old = json_array_get(json_object_get(was, "cpus"), k);
		json_t *time = json_object(), *rate = json_object();

		shares(old, cpu, t);
		for (unsigned c = 0; c < CAUSE_COUNT; c++)
			json_object_set_new(time, cause_info[c].name, json_real(t[c]));
		for (unsigned r = 0; r < ARRAY_SIZE(rates); r++)
			json_object_set_new(rate, rates[r], json_real(s > 0 ? (number(cpu, rates[r]) - number(old, rates[r])) / s : 0));
		json_array_append_new(list, json_pack("{s:i,s:O,s:o,s:o}", "cpu", (int)number(cpu, "cpu"), "state",
						      json_object_get(cpu, "state"), "time", time, "rate", rate));
	}
	return json_pack("{s:f,s:f,s:O,s:o}", "up_s", number(now, "time_ns") * 1e-9, "interval_s", s, "engine",
			 json_object_get(now, "engine"), "cpus", list);
}

/* -- the screen -- */

static struct termios saved, raw;
static volatile sig_atomic_t resized, stopped;

static void on_winch(int sig)
{
	if (sig == SIGTSTP)
		stopped = 1;
	else
		resized = 1;
}

static void screen_on(void)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	fputs("\033[?1049h\033[?25l\033[2J", stdout);
	fflush(stdout);
}

static void screen_off(void)
{
	fputs(SCREEN_LEAVE, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}

static bool screen_enter(void)
{
	struct sigaction a = {.sa_handler = on_winch, .sa_flags = SA_RESTART}; /* stdio takes an interrupted write for a failure */

	if (tcgetattr(STDIN_FILENO, &saved))
		return false;
	raw = saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	sigaction(SIGWINCH, &a, NULL);
	sigaction(SIGTSTP, &a, NULL);
	termguard_start(STDIN_FILENO, &raw, &saved, SCREEN_LEAVE);
	screen_on();
	return true;
}

/* Ctrl-Z: the terminal is the shell's meanwhile. */
static void stop_for_a_while(void)
{
	stopped = 0;
	screen_off();
	raise(SIGSTOP);
	screen_on();
	resized = 1;
}

static struct page screen_page(const struct top *t)
{
	struct page p = {.f = stdout, .live = t->live};
	struct winsize w;

	if (t->live && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w)) {
		p.width = w.ws_col;
		p.height = w.ws_row;
	}
	return p;
}

static void draw(const struct top *t, const json_t *was, const json_t *now)
{
	struct page p = screen_page(t);

	fputs(t->live ? "\033[H" : "", stdout);
	show(was, now, &p);
	if (t->live) {
		char keys[96];

		snprintf(keys, sizeof(keys), "q leaves  s stops and continues the guest  +/- interval: %g s", t->interval_s);
		fprintf(stdout, "\033[J\033[%u;1H%.*s", p.height ? p.height : p.line + 2, p.width ? (int)p.width - 1 : 80, keys);
	}
	fflush(stdout);
}

/* A key of the live view; false: leave. */
static bool key_pressed(struct top *t, char key, struct err *e)
{
	switch (key) {
	case 'q': case 'Q': case 3: return false;
	case '+': t->interval_s = fmin(t->interval_s * 2, 3600); break;
	case '-': t->interval_s = fmax(t->interval_s / 2, 0.05); break;
	case 's': {
		json_t *st = qmpclient_do(t->q, "query-status", e);
		bool runs = json_is_true(json_object_get(st, "running"));

		json_decref(st);
		json_decref(qmpclient_do(t->q, runs ? "stop" : "cont", e));
		break;
	}
	default: break;
	}
	return true;
}

enum pause { PAUSE_OVER, PAUSE_AGAIN, PAUSE_LEAVE }; /* AGAIN: draw the same once more */

static enum pause pause_for(struct top *t, struct err *e)
{
	struct pollfd p = {t->live ? STDIN_FILENO : -1, POLLIN, 0};
	char key;

	if (scale_signal())
		return PAUSE_LEAVE;
	if (poll(&p, 1, (int)(t->interval_s * 1000)) > 0 && (read(STDIN_FILENO, &key, 1) != 1 || !key_pressed(t, key, e)))
		return PAUSE_LEAVE; /* no more input: the terminal has gone */
	if (stopped)
		stop_for_a_while();
	if (scale_signal())
		return PAUSE_LEAVE;
	if (resized) {
		resized = 0;
		return PAUSE_AGAIN;
	}
	return PAUSE_OVER;
}

static void show_json(const json_t *was, const json_t *now)
{
	json_t *j = to_json(was, now);

	json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(j);
}

static int watch(struct top *t, struct err *e)
{
	json_t *was = qmpclient_do(t->q, "stats", e), *now = NULL, *next;
	int rc = was ? 0 : e->code;
	enum pause what;

	t->live = t->live && was && screen_enter();
	while (!rc && (what = pause_for(t, e)) != PAUSE_LEAVE) {
		if (what == PAUSE_AGAIN) {
			draw(t, was, now ? now : was);
			continue;
		}
		next = qmpclient_do(t->q, "stats", e);
		if (!next) {
			rc = e->code;
			break;
		}
		if (now) {
			json_decref(was);
			was = now;
		}
		now = next;
		if (t->json)
			show_json(was, now);
		else
			draw(t, was, now);
		if (!t->live)
			break;
	}
	if (t->live)
		screen_off();
	json_decref(was);
	json_decref(now);
	if (!rc && (fflush(stdout) || ferror(stdout)) && !scale_signal())
		rc = (err_set(e, EXIT_HOST, "cannot write to standard output"), EXIT_HOST);
	return scale_signal() ? 128 + scale_signal() : rc;
}

int cmd_top(int argc, char **argv)
{
	struct top t = {.interval_s = 1, .live = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO)};
	const char *path = NULL;
	struct err e = {0};
	int rc;

	for (int k = 1; k < argc; k++) {
		uint64_t ms;

		if (!strcmp(argv[k], "--help") || !strcmp(argv[k], "-h")) {
			puts("usage: parma top [--json] [--once] [--interval MS] SOCKET\n\n"
			     "Shows what the vCPUs of a guest do that was started with\n"
			     "`parma boot -qmp unix:SOCKET,server=on,wait=off`.  On a terminal until q; else once.\n\n"
			     "  --once         one report over one interval, on a terminal too\n"
			     "  --json         the same as JSON\n"
			     "  --interval MS  (default 1000)\n\n"
			     "Keys: q leaves, s stops the guest and lets it go on, + and - change the interval.");
			return EXIT_OK;
		}
		if (!strcmp(argv[k], "--json")) {
			t.json = true;
			t.live = false;
		} else if (!strcmp(argv[k], "--once")) {
			t.live = false;
		} else if (!strcmp(argv[k], "--interval")) {
			if (k + 1 == argc || parse_u64("--interval", argv[k + 1], 10, 3600000, &ms, &e)) {
				fprintf(stderr, "parma top: %s\n", k + 1 == argc ? "--interval needs milliseconds" : e.msg);
				return EXIT_USAGE;
			}
			t.interval_s = (double)ms / 1000;
			k++;
		} else if (argv[k][0] == '-' || path) {
			fprintf(stderr, "parma top: '%s'? (parma top --help)\n", argv[k]);
			return EXIT_USAGE;
		} else {
			path = strncmp(argv[k], "unix:", 5) ? argv[k] : argv[k] + 5;
		}
	}
	if (!path) {
		fputs("parma top: which guest? Give the path of its control socket (parma top --help)\n", stderr);
		return EXIT_USAGE;
	}
	scale_signal_catch();
	t.q = qmpclient_open(path, 0, &e);
	rc = t.q ? watch(&t, &e) : e.code;
	qmpclient_close(t.q);
	if (rc && rc < 128 && e.msg[0])
		fprintf(stderr, "parma top: %s\n", e.msg);
	return rc;
}
