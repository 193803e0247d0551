/*
 * Character back ends of the machine: -chardev by id, -serial in its short
 * notation, and who may use which.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/nearest.h"
#include "machine/machine_priv.h"

static void on_quit(void *arg, int status) { machine_end(arg, status); }

static struct chardev *add(struct machine *m, struct opts *o, struct err *e)
{
	const struct chardev_env env = {m->loop, on_quit, m, true};
	struct chardev *c = chardev_new(&env, o, e);

	if (!c)
		return NULL;
	m->chardevs = realloc(m->chardevs, (m->nchardevs + 1) * sizeof(*m->chardevs));
	BUG_ON(!m->chardevs);
	return m->chardevs[m->nchardevs++] = c;
}

struct chardev *machine_chardev(struct machine *m, const char *what, const char *id, struct err *e)
{
	struct nearest n = nearest_begin(id);

	for (unsigned k = 0; k < m->nchardevs; k++) {
		const char *name = chardev_id(m->chardevs[k]);

		if (name && !strcmp(name, id))
			return m->chardevs[k];
		if (name)
			nearest_try(&n, name);
	}
	err_set(e, EXIT_USAGE, "%s: there is no -chardev with id=%s%s%s", what, id, nearest_get(&n) ? "; did you mean " : "",
		nearest_get(&n) ? nearest_get(&n) : "");
	return NULL;
}

struct chardev *machine_serial(struct machine *m, const char *text, struct err *e)
{
	struct opts *o;
	struct chardev *c;

	if (!strncmp(text, "chardev:", 8))
		return machine_chardev(m, "-serial", text + 8, e);
	o = chardev_compat("-serial", text, e);
	if (!o)
		return NULL;
	c = add(m, o, e);
	machine_add_part(m, o, NULL, (void (*)(void *))opts_free);
	return c;
}

int machine_add_chardevs(struct machine *m, struct err *e)
{
	for (unsigned k = 0; k < m->cfg->chardevs.n; k++) {
		struct opts *o = m->cfg->chardevs.v[k];
		const char *id = opts_need(o, "id", e);

		if (!id || !add(m, o, e))
			return -1;
	}
	return 0;
}
