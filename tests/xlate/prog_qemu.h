/*
 * qemu-aarch64 with the harness (tests/a64/prog_harness.c) at the other end of two pipes.
 *
 * It runs guest addresses as host addresses: what our world does not map may be memory of the emulator, or of the harness.
 * A program that goes there is nothing to compare, and nothing to let loose on it: qemu_owns().
 */
#ifndef PARMA_TESTS_XLATE_PROG_QEMU_H
#define PARMA_TESTS_XLATE_PROG_QEMU_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "tests/a64/prog.h"

#define QEMU_RANGES 128u

struct qemu {
	int to, from;
	pid_t pid;
	FILE *maps;              /* of its process */
	unsigned nranges;
	struct {
		uint64_t first, end;
	} ranges[QEMU_RANGES];   /* readable memory of its process */
};

static void qemu_write(const struct qemu *q, const void *p, size_t len)
{
	for (ssize_t k; len; len -= (size_t)k, p = (const char *)p + k)
		if ((k = write(q->to, p, len)) <= 0)
			exit(71);
}
static void qemu_read(const struct qemu *q, void *p, size_t len)
{
	for (ssize_t k; len; len -= (size_t)k, p = (char *)p + k)
		if ((k = read(q->from, p, len)) <= 0) {
			printf("Bail out! qemu-aarch64 died\n");
			exit(71);
		}
}

__attribute__((unused)) static void qemu_send(const struct qemu *q, const struct prog *p, unsigned n, unsigned nstates)
{
	struct prog_request r = {n, nstates};

	qemu_write(q, &r, sizeof(r));
	qemu_write(q, p, n * sizeof(*p));
}

/* One program on one state. */
static void qemu_one(const struct qemu *q, const struct prog *p, const struct case_state *s, struct prog_result *out)
{
	struct prog_request r = {1, 0};

	qemu_write(q, &r, sizeof(r));
	qemu_write(q, p, sizeof(*p));
	qemu_write(q, s, sizeof(*s));
	qemu_read(q, out, sizeof(*out));
}

__attribute__((unused)) static void qemu_start(struct qemu *q, const char *harness)
{
	struct prog nothing = {.n = 0};
	struct case_state s = {.sp = PROG_RAM};
	struct prog_result r;
	int a[2], b[2];
	char path[64];

	if (pipe(a) || pipe(b)) {
		perror("pipe");
		exit(99);
	}
	q->pid = fork();
	if (!q->pid) {
		dup2(a[0], 0);
		dup2(b[1], 1);
		close(a[1]);
		close(b[0]);
		execlp("qemu-aarch64", "qemu-aarch64", "-B", "0", "-cpu", "max,sve=off,sme=off,pauth=off", harness, (char *)NULL);
		perror("qemu-aarch64");
		_exit(71);
	}
	close(a[0]);
	close(b[1]);
	q->to = a[1];
	q->from = b[0];
	qemu_one(q, &nothing, &s, &r); /* it is there */
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)q->pid);
	q->maps = fopen(path, "r");
}

__attribute__((unused)) static void qemu_stop(struct qemu *q)
{
	if (q->to < 0)
		return;
	close(q->to);
	close(q->from);
	if (q->maps)
		fclose(q->maps);
	waitpid(q->pid, NULL, 0);
}

/* What its memory is now.  False: it cannot be told. */
__attribute__((unused)) static bool qemu_look(struct qemu *q)
{
	char line[512], prot[8];
	uint64_t first, end;
	bool world = false;

	q->nranges = 0;
	if (q->maps)
		rewind(q->maps);
	while (q->maps && q->nranges < QEMU_RANGES && fgets(line, sizeof(line), q->maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &first, &end, prot) == 3 && prot[0] == 'r') {
			q->ranges[q->nranges].first = first;
			q->ranges[q->nranges++].end = end;
			world |= first <= CASE_CODE && CASE_CODE < end;
		}
	return world && q->nranges < QEMU_RANGES;
}

/* Does it have memory where an access at that address (its top byte is no part of it) went nowhere here? */
__attribute__((unused)) static bool qemu_owns(const struct qemu *q, uint64_t addr)
{
	uint64_t at = sext(addr, 56);

	for (unsigned k = 0; k < q->nranges; k++)
		if (at + 256 >= q->ranges[k].first && at < q->ranges[k].end + 256 &&
		    !(at >= PROG_LIT && at < PROG_LIT + PROG_LIT_BYTES) &&
		    !(at + 256 >= PROG_RAM && at < PROG_RAM + PROG_RAM_BYTES + PROG_RO_BYTES + 256))
			return true;
	return false;
}

#endif
