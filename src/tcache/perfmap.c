/*
 * See perfmap.h; the formats are tools/perf/Documentation/jit-interface.txt and jitdump-specification.txt of Linux.
 * Lines and records are written with tcache.lock held, so they are in the order of publication.
 */
#include "tcache/perfmap.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define DUMP_MAGIC 0x4a695444u
#define DUMP_VERSION 1u
#define DUMP_PAGE 4096u
enum { RECORD_LOAD = 0, RECORD_CLOSE = 3 };

struct perfmap {
	FILE *map, *dump; /* NULL: not wanted */
	void *marker;     /* executable mapping of the dump, by which perf finds it */
	struct tcache *tcache;
	const struct symtab *syms;
	uint64_t index;   /* records written */
	uint32_t pid;
};

struct dump_header {
	uint32_t magic, version, total_size, elf_mach, pad1, pid;
	uint64_t timestamp, flags;
};
struct record_header {
	uint32_t id, total_size;
	uint64_t timestamp;
};
struct record_load {
	struct record_header h;
	uint32_t pid, tid;
	uint64_t vma, code_addr, code_size, code_index;
};

/* CLOCK_MONOTONIC: perf record -k mono */
static uint64_t timestamp(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void add_map(struct perfmap *m, const void *code, uint32_t bytes, const char *name)
{
	fprintf(m->map, "%" PRIxPTR " %" PRIx32 " %s\n", (uintptr_t)code, bytes, name);
}

static void add_dump(struct perfmap *m, const void *code, uint32_t bytes, const char *name)
{
	size_t len = strlen(name) + 1;
	struct record_load r = {.h = {RECORD_LOAD, (uint32_t)(sizeof(r) + len + bytes), timestamp()}, .pid = m->pid,
				.tid = m->pid, .vma = (uintptr_t)code, .code_addr = (uintptr_t)code,
				.code_size = bytes, .code_index = m->index++};

	fwrite(&r, sizeof(r), 1, m->dump);
	fwrite(name, len, 1, m->dump);
	fwrite(code, bytes, 1, m->dump);
}

static void add(struct perfmap *m, const void *code, uint32_t bytes, const char *name)
{
	if (m->map)
		add_map(m, code, bytes, name);
	if (m->dump)
		add_dump(m, code, bytes, name);
}

static void add_block(void *arg, const struct tblock *b)
{
	struct perfmap *m = arg;
	uint64_t offset;
	const char *sym = symtab_find(m->syms, b->key.pc, &offset);
	char name[256];

	if (!sym)
		snprintf(name, sizeof(name), "guest@%" PRIx64, b->key.pc);
	else if (offset)
		snprintf(name, sizeof(name), "%.200s+0x%" PRIx64, sym, offset);
	else
		snprintf(name, sizeof(name), "%.200s", sym);
	add(m, b->code, b->code_bytes, name);
}

static FILE *create(const char *path, struct err *e)
{
	FILE *f;

	unlink(path); /* in /tmp: not through what somebody else has put there */
	f = fopen(path, "w+xe");
	if (f)
		setvbuf(f, NULL, _IOFBF, 1 << 16);
	else
		err_set(e, EXIT_HOST, "cannot write %s: %s", path, strerror(errno));
	return f;
}

static int start_map(struct perfmap *m, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%ld.map", (long)getpid());
	m->map = create(path, e);
	return m->map ? 0 : -1;
}

static int start_dump(struct perfmap *m, struct err *e)
{
	struct dump_header h = {DUMP_MAGIC, DUMP_VERSION, sizeof(h), EM_X86_64, 0, (uint32_t)getpid(), timestamp(), 0};
	char path[64];

	snprintf(path, sizeof(path), "jit-%ld.dump", (long)getpid());
	m->dump = create(path, e);
	if (!m->dump)
		return -1;
	m->marker = mmap(NULL, DUMP_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(m->dump), 0);
	if (m->marker == MAP_FAILED) {
		m->marker = NULL;
		return err_set(e, EXIT_HOST, "cannot map %s for execution, by which perf finds it: %s", path, strerror(errno));
	}
	fwrite(&h, sizeof(h), 1, m->dump);
	return 0;
}

static void close_all(struct perfmap *m)
{
	if (m->map)
		fclose(m->map);
	if (m->dump) {
		struct record_header r = {RECORD_CLOSE, sizeof(r), timestamp()};

		fwrite(&r, sizeof(r), 1, m->dump);
		fclose(m->dump);
	}
	if (m->marker)
		munmap(m->marker, DUMP_PAGE);
	free(m);
}

struct perfmap *perfmap_start(struct tcache *t, unsigned what, const struct symtab *syms, struct err *e)
{
	struct perfmap *m = calloc(1, sizeof(*m));
	uint32_t bytes;
	const void *glue = tcache_glue_code(t, &bytes);

	if (!m) {
		err_set(e, EXIT_HOST, "no memory");
		return NULL;
	}
	m->tcache = t;
	m->pid = (uint32_t)getpid();
	if ((what & PERFMAP_MAP && start_map(m, e)) || (what & PERFMAP_DUMP && start_dump(m, e))) {
		close_all(m);
		return NULL;
	}
	m->syms = syms;
	if (bytes)
		add(m, glue, bytes, "parma glue");
	tcache_set_hook(t, add_block, m);
	return m;
}

void perfmap_stop(struct perfmap *m)
{
	if (!m)
		return;
	tcache_set_hook(m->tcache, NULL, NULL);
	close_all(m);
}
