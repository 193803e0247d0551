/* See perfmap.h; the format is tools/perf/Documentation/jit-interface.txt of Linux. */
#include "tcache/perfmap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct perfmap {
	FILE *f;
	struct tcache *tcache;
	bool (*namer)(void *arg, uint64_t pc, char *buf, size_t size);
	void *arg;
};

static void add_line(void *arg, const struct tblock *b)
{
	struct perfmap *m = arg;
	char name[200];

	if (!m->namer || !m->namer(m->arg, b->key.pc, name, sizeof(name)))
		snprintf(name, sizeof(name), "guest");
	fprintf(m->f, "%" PRIxPTR " %" PRIx32 " %s@%" PRIx64 "\n", (uintptr_t)b->code, b->code_bytes, name, b->key.pc);
}

struct perfmap *perfmap_start(struct tcache *t, bool (*namer)(void *arg, uint64_t pc, char *buf, size_t size), void *arg,
			      struct err *e)
{
	struct perfmap *m = calloc(1, sizeof(*m));
	char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%ld.map", (long)getpid());
	if (m)
		m->f = fopen(path, "we");
	if (!m || !m->f) {
		err_set(e, EXIT_HOST, "cannot write %s: %s", path, strerror(errno));
		free(m);
		return NULL;
	}
	setvbuf(m->f, NULL, _IOFBF, 1 << 16);
	m->tcache = t;
	m->namer = namer;
	m->arg = arg;
	tcache_set_hook(t, add_line, m);
	return m;
}

void perfmap_stop(struct perfmap *m)
{
	if (!m)
		return;
	tcache_set_hook(m->tcache, NULL, NULL);
	fclose(m->f);
	free(m);
}
