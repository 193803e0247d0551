/* See qmp.h.  Commands are one row and one function each. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "machine/qmp.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/clock.h"
#include "dev/pl061.h"
#include "machine/stats.h"

#define QMP_LINE_MAX 65536

struct qmp {
	struct machine *m;        /* CONST_AFTER_INIT */
	struct qmp *next;         /* CONST_AFTER_INIT: another control socket; m->qmp is the first */
	struct chardev *chr;      /* CONST_AFTER_INIT */
	struct chardev_user user; /* CONST_AFTER_INIT */
	struct lock lock;         /* rank DEVICE: out */
	bool negotiated;          /* ATOMIC(st_rel by the I/O thread, ld_acq in event()) */
	bool started;             /* OWNER(I/O thread): the CPUs have run (-S: from the first cont on) */
	bool quit;                /* ATOMIC(st_rel by the I/O thread, ld_acq in qmp_ended()): the client asked for the end */
	char line[QMP_LINE_MAX];  /* OWNER(I/O thread): a request that is not whole yet */
	size_t len;               /* OWNER(I/O thread) */
	unsigned depth;           /* OWNER(I/O thread): brackets open in it */
	bool string, escaped;     /* OWNER(I/O thread): it ends within a string; behind a backslash there */
	char *out;                /* GUARDED_BY(lock): not yet taken by the chardev */
	size_t out_len;           /* GUARDED_BY(lock) */
};

/* Hands pending output to the chardev. Lock held. */
static void flush_out(struct qmp *q)
{
	size_t n = chardev_write(q->chr, q->out, q->out_len);

	memmove(q->out, q->out + n, q->out_len - n);
	q->out_len -= n;
}

static void send_json(struct qmp *q, json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT);
	size_t n = text ? strlen(text) : 0;

	json_decref(j);
	if (!text)
		return;
	lock_take(&q->lock);
	if (chardev_is_open(q->chr) && q->out_len < (1u << 20)) { /* a client that never reads gets no more */
		q->out = realloc(q->out, q->out_len + n + 2);
		BUG_ON(!q->out);
		memcpy(q->out + q->out_len, text, n);
		memcpy(q->out + q->out_len + n, "\r\n", 2);
		q->out_len += n + 2;
		flush_out(q);
	}
	lock_drop(&q->lock);
	free(text);
}

static json_t *version(void)
{
	return json_pack("{s:{s:i,s:i,s:i},s:s}", "qemu", "major", 10, "minor", 0, "micro", 0, "package", "parma " PACKAGE_VERSION);
}

static json_t *timestamp(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return json_pack("{s:I,s:I}", "seconds", (json_int_t)ts.tv_sec, "microseconds", (json_int_t)(ts.tv_nsec / 1000));
}

/* Tells the clients of all sockets. data: NULL if it has none; taken. */
static void event(struct machine *m, const char *name, json_t *data)
{
	json_t *j = json_pack("{s:o,s:s}", "timestamp", timestamp(), "event", name);

	if (data)
		json_object_set_new(j, "data", data);
	for (struct qmp *q = m->qmp; q; q = q->next)
		if (ld_acq(&q->negotiated)) /* pairs with cmd_capabilities() */
			send_json(q, json_incref(j));
	json_decref(j);
}

static json_t *cause(bool guest, const char *reason) { return json_pack("{s:b,s:s}", "guest", guest, "reason", reason); }

void qmp_ended(struct machine *m, int status, bool reset)
{
	const char *reason = status > 128 ? "host-signal" : reset ? "guest-reset" : "guest-shutdown";

	for (struct qmp *q = m->qmp; q; q = q->next)
		if (ld_acq(&q->quit)) /* pairs with cmd_quit() */
			reason = "host-qmp-quit";
	event(m, "SHUTDOWN", cause(reason[0] == 'g', reason));
}

/* Each returns the value of "return", or NULL with *err set to a description. */
typedef json_t *command_fn(struct qmp *q, json_t *args, const char **err);

static json_t *cmd_capabilities(struct qmp *q, json_t *args, const char **err)
{
	const json_t *wanted = json_object_get(args, "enable");

	if (json_array_size(wanted)) {
		*err = "Capability is not available: none is";
		return NULL;
	}
	st_rel(&q->negotiated, true); /* pairs with qmp_event() */
	return json_object();
}

static json_t *cmd_query_status(struct qmp *q, json_t *args, const char **err)
{
	bool paused = machine_is_paused(q->m);
	const char *status = !paused ? "running" : q->started ? "paused" : "prelaunch";

	return json_pack("{s:s,s:b}", "status", status, "running", !paused);
}

static json_t *cmd_query_version(struct qmp *q, json_t *args, const char **err)
{
	json_t *v = version();

	json_object_set_new(v, "parma", json_string(PACKAGE_VERSION));
	return v;
}

static json_t *cmd_query_name(struct qmp *q, json_t *args, const char **err)
{
	return json_pack("{s:s}", "name", q->m->cfg->name);
}

static json_t *cmd_query_cpus(struct qmp *q, json_t *args, const char **err)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < q->m->ncpus; k++) {
		char path[48];

		snprintf(path, sizeof(path), "/machine/unattached/device[%u]", k);
		json_array_append_new(list, json_pack("{s:i,s:s,s:s,s:i,s:{s:i}}", "cpu-index", (int)k, "qom-path", path, "target",
						      "aarch64", "thread-id", sched_thread_id(q->m->sched, k), "props", "core-id", (int)k));
	}
	return list;
}

static json_t *cmd_stop(struct qmp *q, json_t *args, const char **err)
{
	if (machine_pause(q->m, true))
		event(q->m, "STOP", NULL);
	return json_object();
}

static json_t *cmd_cont(struct qmp *q, json_t *args, const char **err)
{
	for (struct qmp *p = q->m->qmp; p; p = p->next)
		p->started = true;
	if (machine_pause(q->m, false))
		event(q->m, "RESUME", NULL);
	return json_object();
}

static json_t *cmd_quit(struct qmp *q, json_t *args, const char **err)
{
	st_rel(&q->quit, true); /* pairs with qmp_ended() */
	machine_end(q->m, 0);
	return json_object();
}

static json_t *cmd_system_reset(struct qmp *q, json_t *args, const char **err)
{
	sched_ask_reset(q->m->sched);
	event(q->m, "RESET", cause(false, "host-qmp-system-reset"));
	return json_object();
}

static json_t *cmd_powerdown(struct qmp *q, json_t *args, const char **err)
{
	pl061_power_key(q->m->gpio);
	event(q->m, "POWERDOWN", NULL);
	return json_object();
}

static json_t *cmd_query_kvm(struct qmp *q, json_t *args, const char **err)
{
	return json_pack("{s:b,s:b}", "enabled", 0, "present", 0);
}

static json_t *cmd_stats(struct qmp *q, json_t *args, const char **err) { return stats_json(q->m); }

static command_fn cmd_query_commands;

static const struct {
	const char *name;
	command_fn *fn;
} commands[] = {
	{"qmp_capabilities", cmd_capabilities},
	{"query-commands", cmd_query_commands},
	{"query-status", cmd_query_status},
	{"query-version", cmd_query_version},
	{"query-name", cmd_query_name},
	{"query-cpus-fast", cmd_query_cpus},
	{"query-kvm", cmd_query_kvm},
	{"info", cmd_query_status},
	{"stop", cmd_stop},
	{"cont", cmd_cont},
	{"quit", cmd_quit},
	{"system_reset", cmd_system_reset},
	{"system_powerdown", cmd_powerdown},
	{"stats", cmd_stats},
};

static json_t *cmd_query_commands(struct qmp *q, json_t *args, const char **err)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < ARRAY_SIZE(commands); k++)
		json_array_append_new(list, json_pack("{s:s}", "name", commands[k].name));
	return list;
}

static json_t *error_reply(const char *class, const char *desc)
{
	return json_pack("{s:{s:s,s:s}}", "error", "class", class, "desc", desc);
}

/* Members that a request may have, and what they must be; NULL: it is all right. */
static const char *fault_of(const json_t *request, char *desc, size_t size)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)request, key, value) {
		if (strcmp(key, "execute") && strcmp(key, "arguments") && strcmp(key, "id")) {
			snprintf(desc, size, "QMP input member '%.60s' is unexpected", key);
			return desc;
		}
	}
	value = json_object_get(request, "execute");
	if (!value)
		return "QMP input lacks member 'execute'";
	if (!json_is_string(value))
		return "QMP input member 'execute' must be a string";
	value = json_object_get(request, "arguments");
	return value && !json_is_object(value) ? "QMP input member 'arguments' must be an object" : NULL;
}

static json_t *execute(struct qmp *q, json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "execute")), *err = NULL;
	char desc[160];
	json_t *ret;

	if (fault_of(request, desc, sizeof(desc)))
		return error_reply("GenericError", fault_of(request, desc, sizeof(desc)));
	for (unsigned k = 0; k < ARRAY_SIZE(commands); k++) {
		if (strcmp(commands[k].name, name))
			continue;
		if (!q->negotiated && commands[k].fn != cmd_capabilities)
			return error_reply("CommandNotFound", "Expecting capabilities negotiation with 'qmp_capabilities'");
		if (q->negotiated && commands[k].fn == cmd_capabilities)
			return error_reply("CommandNotFound", "Capabilities negotiation is already complete, command ignored");
		ret = commands[k].fn(q, json_object_get(request, "arguments"), &err);
		return ret ? json_pack("{s:o}", "return", ret) : error_reply("GenericError", err ? err : "failed");
	}
	snprintf(desc, sizeof(desc), "The command %.100s has not been found", name);
	return error_reply("CommandNotFound", desc);
}

static void handle_request(struct qmp *q)
{
	json_error_t je;
	json_t *request = json_loads(q->line, JSON_DECODE_ANY, &je), *reply, *id;

	if (!request) {
		reply = error_reply("GenericError", "JSON parse error, invalid input");
	} else if (!json_is_object(request)) {
		reply = error_reply("GenericError", "QMP input must be a JSON object");
	} else {
		reply = execute(q, request);
		id = json_object_get(request, "id");
		if (id)
			json_object_set(reply, "id", id);
	}
	json_decref(request);
	send_json(q, reply);
}

static size_t qmp_can_read(void *arg)
{
	struct qmp *q = arg;

	return sizeof(q->line) - 1 - q->len;
}

static void end_request(struct qmp *q)
{
	q->line[q->len] = 0;
	if (strspn(q->line, " \t\r\n") != q->len)
		handle_request(q);
	q->len = q->depth = 0;
	q->string = q->escaped = false;
}

/*
 * Does the request end with this character? Clients may send no newline, or several within a request; an object is whole when
 * its bracket closes. What is not in brackets ends with its line.
 */
static bool ends_with(struct qmp *q, char c)
{
	if (q->string) {
		q->string = q->escaped || c != '"';
		q->escaped = !q->escaped && c == '\\';
		return c == '\n'; /* which no string may have */
	}
	switch (c) {
	case '"': q->string = true; return false;
	case '{': case '[': q->depth++; return false;
	case '}': case ']': return q->depth <= 1 || !--q->depth;
	case '\n': return !q->depth;
	default: return false;
	}
}

static void qmp_read(void *arg, const uint8_t *buf, size_t n)
{
	struct qmp *q = arg;

	for (size_t k = 0; k < n; k++) {
		q->line[q->len++] = (char)buf[k];
		if (ends_with(q, (char)buf[k]) || q->len == sizeof(q->line) - 1)
			end_request(q);
	}
}

static void qmp_chr_event(void *arg, enum chardev_event ev)
{
	struct qmp *q = arg;

	lock_take(&q->lock);
	q->out_len = 0;
	lock_drop(&q->lock);
	q->len = q->depth = 0;
	q->string = q->escaped = false;
	st_rel(&q->negotiated, false);
	if (ev == CHARDEV_OPENED)
		send_json(q, json_pack("{s:{s:o,s:[]}}", "QMP", "version", version(), "capabilities"));
}

static void qmp_writable(void *arg)
{
	struct qmp *q = arg;

	lock_take(&q->lock);
	flush_out(q);
	lock_drop(&q->lock);
}

struct qmp *qmp_new(struct machine *m, const char *text, struct err *e)
{
	struct qmp *q = calloc(1, sizeof(*q));

	BUG_ON(!q);
	q->m = m;
	q->started = !m->cfg->start_paused;
	lock_init(&q->lock, RANK_DEVICE);
	q->user = (struct chardev_user){qmp_can_read, qmp_read, qmp_chr_event, qmp_writable, q};
	q->chr = machine_serial(m, text, e);
	if (!q->chr || chardev_attach(q->chr, &q->user, e)) {
		qmp_free(q);
		return NULL;
	}
	q->next = m->qmp;
	return q;
}

void qmp_free(struct qmp *q)
{
	if (!q)
		return;
	qmp_free(q->next);
	if (q->chr) /* the I/O thread may be about to bring a command */
		chardev_detach(q->chr, &q->user);
	lock_destroy(&q->lock);
	free(q->out);
	free(q);
}
