/*
 * The sandbox of a machine (base/sandbox.h): what this one needs of the host
 * while it runs, and when it closes.
 *
 *   machine_main()          sandbox_prepare(): the keeper starts, if anything needs a name at the end
 *   make()                  every file and socket is opened; the loader keeps its files for a reset
 *   run(), before the vCPUs sandbox_close()
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/keeper.h"
#include "base/sandbox.h"
#include "machine/machine_priv.h"

/* A guest's connection that starts a program: that cannot be done from inside. */
static bool starts_programs(const struct opt_list *l)
{
	for (unsigned k = 0; k < l->n; k++)
		if (opts_has(l->v[k], "guestfwd"))
			return true;
	return false;
}

static bool makes_sockets(const struct machine_config *c)
{
	for (unsigned k = 0; k < c->nserials; k++)
		if (!strncmp(c->serials[k], "unix:", 5))
			return true;
	return c->nqmps || c->chardevs.n;
}

int sandbox_prepare(const struct machine_config *c, struct err *e)
{
	const bool report = c->stats && !strncmp(c->stats, "json:", 5);

	if (c->sandbox == SANDBOX_OFF || c->dumpdtb || !(report || makes_sockets(c)))
		return 0;
	if (keeper_start(e))
		return -1;
	if (report)
		keeper_report(c->stats + 5);
	return 0;
}

static bool has_listener(const struct machine *m)
{
	for (unsigned k = 0; k < m->nchardevs; k++)
		if (chardev_listens(m->chardevs[k]))
			return true;
	return false;
}

static bool has_network(const struct machine_config *c)
{
	for (unsigned k = 0; k < c->nics.n; k++)
		if (strcmp(opts_str(c->nics.v[k], "type", "user"), "none"))
			return true;
	return c->netdevs.n;
}

int sandbox_close(struct machine *m, struct err *e)
{
	const struct sandbox_needs need = {
		.listen = has_listener(m), .net = has_network(m->cfg),
		.bind = m->cfg->place.policy != PLACE_NONE || m->ncpus > 1 /* sched/crowd.c */};

	if (m->cfg->sandbox == SANDBOX_OFF)
		return 0;
	json_object_seed(0); /* reads a file */
	if (starts_programs(&m->cfg->netdevs) || starts_programs(&m->cfg->nics))
		err_set(e, EXIT_USAGE, "no sandbox: guestfwd= starts programs (-sandbox off says that this is meant)");
	else if (!sandbox_enter(&need, e)) {
		keeper_seal();
		return 0;
	}
	if (m->cfg->sandbox == SANDBOX_ON)
		return -1;
	fprintf(stderr, "parma: %s\n", e->msg);
	return 0;
}
