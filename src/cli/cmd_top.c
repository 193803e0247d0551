/*
 * parma top: what the vCPUs of a running guest do, from its control socket
 * (`parma boot -qmp unix:PATH,server=on,wait=off`).  On a terminal a view that
 * renews itself until q or Ctrl-C; elsewhere one report over one interval.
 *
 * The terminal's second screen is used and left again however we end.
 */
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/opts.h"
#include "cli/cli.h"
#include "cli/qmpclient.h"
#include "cli/scale_signal.h"
#include "sched/account.h"

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

static void show_cpu(const json_t *was, const json_t *now, double s, FILE *f, const char *end)
{
	double t[CAUSE_COUNT];

	shares(was, now, t);
	fprintf(f, "%4.0f %-8s", number(now, "cpu"), json_string_value(json_object_get(now, "state")));
	for (unsigned c = 0; c < CAUSE_COUNT; c++)
		fprintf(f, "%10.1f", 100 * t[c]);
	fprintf(f, "%s%13s", end, "");
	for (unsigned k = 0; k < ARRAY_SIZE(rates); k++)
		fprintf(f, " %.0f %s/s%s", (number(now, rates[k]) - number(was, rates[k])) / s, rates[k], k + 1 < ARRAY_SIZE(rates) ? "," : "");
	fputs(end, f);
}

/* Two snapshots as a table; lines end with `end`. */
static void show(const json_t *was, const json_t *now, FILE *f, const char *end)
{
	double s = (number(now, "time_ns") - number(was, "time_ns")) * 1e-9;
	const json_t *cpus = json_object_get(now, "cpus"), *old = json_object_get(was, "cpus");
	size_t k;
	json_t *cpu;

	fprintf(f, "engine %s, up %.1f s, %zu vCPUs on %.0f processors; percent of time over %.1f s%s%s",
		json_string_value(json_object_get(now, "engine")), number(now, "time_ns") * 1e-9, json_array_size(cpus),
		number(now, "usable_cpus"), s, end, end);
	fprintf(f, "vCPU %-8s", "state");
	for (unsigned c = 0; c < CAUSE_COUNT; c++)
		fprintf(f, "%10s", cause_info[c].name);
	fputs(end, f);
	json_array_foreach(cpus, k, cpu)
		show_cpu(json_array_get(old, k), cpu, s > 0 ? s : 1, f, end);
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

/* Waits; true: go on. Reads keys when live. */
static bool pause_for(const struct top *t)
{
	struct pollfd p = {t->live ? STDIN_FILENO : -1, POLLIN, 0};
	char key;

	if (poll(&p, 1, (int)(t->interval_s * 1000)) > 0 && read(STDIN_FILENO, &key, 1) == 1 && (key == 'q' || key == 3))
		return false;
	return !scale_signal();
}

static struct termios saved;

static bool screen_enter(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &saved))
		return false;
	raw = saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs("\033[?1049h\033[?25l", stdout);
	return true;
}

static void screen_leave(void)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

static int watch(struct top *t, struct err *e)
{
	json_t *was = qmpclient_do(t->q, "stats", e), *now = NULL;
	int rc = was ? 0 : e->code;

	t->live = t->live && was && screen_enter();
	while (!rc && pause_for(t)) {
		now = qmpclient_do(t->q, "stats", e);
		if (!now) {
			rc = e->code;
			break;
		}
		if (t->json) {
			json_t *j = to_json(was, now);

			json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
			putchar('\n');
			json_decref(j);
		} else {
			fputs(t->live ? "\033[H" : "", stdout);
			show(was, now, stdout, t->live ? "\033[K\n" : "\n");
			fputs(t->live ? "\033[J\nq leaves" : "", stdout);
		}
		fflush(stdout);
		json_decref(was);
		was = now;
		if (!t->live)
			break;
	}
	if (t->live)
		screen_leave();
	json_decref(was);
	return !rc && scale_signal() ? 128 + scale_signal() : rc;
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
			     "`parma boot -qmp unix:SOCKET,server=on,wait=off`.  On a terminal until q; else once.");
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
	if (rc && e.msg[0])
		fprintf(stderr, "parma top: %s\n", e.msg);
	return rc;
}
