/* What comes over the control socket: the QMP server with a machine of stubs, whose output is checked to be lines of JSON. */
#include "machine/qmp.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool paused;
static char out[1 << 20];
static size_t out_len;
static unsigned quits;

size_t chardev_write(struct chardev *c, const void *buf, size_t n)
{
	(void)c;
	if (n > sizeof(out) - out_len)
		n = sizeof(out) - out_len;
	memcpy(out + out_len, buf, n);
	out_len += n;
	return n;
}
bool chardev_is_open(const struct chardev *c) { return c != NULL; }
int chardev_attach(struct chardev *c, const struct chardev_user *u, struct err *e) { return 0; }
void chardev_detach(struct chardev *c, const struct chardev_user *u) {}
struct chardev *machine_serial(struct machine *m, const char *text, struct err *e) { return (struct chardev *)out; }
bool machine_pause(struct machine *m, bool pause)
{
	bool change = paused != pause;

	paused = pause;
	return change;
}
bool machine_is_paused(const struct machine *m) { return paused; }
void machine_end(struct machine *m, int status) { quits++; }
void sched_ask_reset(struct sched *s) {}
int sched_thread_id(struct sched *s, unsigned k) { return (int)k; }
void pl061_power_key(struct pl061 *p) {}
json_t *stats_json(struct machine *m) { return json_object(); }

static void check_lines(void)
{
	char *line = out, *end;

	for (; (end = memchr(line, '\n', (size_t)(out + out_len - line))); line = end + 1) {
		json_t *j = json_loadb(line, (size_t)(end - line), 0, NULL);

		BUG_ON(!json_is_object(j));
		json_decref(j);
	}
	BUG_ON(line != out + out_len && out_len < sizeof(out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct machine_config cfg = {.name = "fuzz"};
	static struct machine m = {.cfg = &cfg, .ncpus = 2};
	struct qmp *q = m.qmp = qmp_new(&m, "", NULL);
	size_t at = 0;

	out_len = 0;
	qmp_chr_event(q, CHARDEV_OPENED);
	if (size && data[0] & 1)
		qmp_read(q, (const uint8_t *)"{\"execute\":\"qmp_capabilities\"}\n", 31);
	for (at = size ? 1 : 0; at < size;) { /* in pieces, as a socket would */
		size_t n = MIN(MIN(qmp_can_read(q), size - at), (size_t)(1 + data[at] % 200));

		qmp_read(q, data + at, n);
		at += n;
	}
	qmp_writable(q);
	check_lines();
	qmp_free(q);
	m.qmp = NULL;
	return 0;
}
