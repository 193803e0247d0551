/* See hostcode.h. */
#include "litmus/hostcode.h"

#include <capstone/capstone.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "a64/tlbi.h"
#include "base/log.h"
#include "xlate/jit.h"
#include "xlate/xlate.h"

/* What an instruction does for memory order; NULL: nothing. */
static const char *order_mark(const cs_insn *in)
{
	if (!strncmp(in->mnemonic, "lock", 4))
		return strstr(in->op_str, "[rsp") && strstr(in->mnemonic, "or") ? "<== full fence" : "<== locked";
	if (!strcmp(in->mnemonic, "mfence"))
		return "<== full fence";
	if (!strcmp(in->mnemonic, "xchg") && strchr(in->op_str, '['))
		return "<== locked";
	return NULL;
}

void hostcode_print(FILE *f, const uint8_t *code, size_t n, const char *indent, bool main_only)
{
	csh h;
	cs_insn *in;
	size_t count;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &h) != CS_ERR_OK)
		return;
	cs_option(h, CS_OPT_SKIPDATA, CS_OPT_ON);
	count = cs_disasm(h, code, n, (uint64_t)(uintptr_t)code, 0, &in);
	for (size_t k = 0; k < count; k++) {
		const char *mark = order_mark(&in[k]);

		fprintf(f, "%s%s %s%s%s\n", indent, in[k].mnemonic, in[k].op_str, mark ? "    " : "", mark ? mark : "");
		if (main_only && !strcmp(in[k].mnemonic, "jmp"))
			break;
	}
	if (count)
		cs_free(in, count);
	cs_close(&h);
}

unsigned hostcode_units(FILE *f, struct gang *g, uint64_t pc, unsigned n, const char *indent)
{
	unsigned found = 0;

	if (!gang_translates(g))
		return 0;
	for (uint64_t at = pc; at < pc + 4 * (uint64_t)n; at += 4) {
		const struct tblock *u = tcache_lookup(jit_cache(), &(struct tkey){gang_host(g, at), at, gang_cpu(g, 0)->ctx});

		if (!u)
			continue;
		fprintf(f, "%sunit at +%u: %u bytes for %u instructions\n", indent, (unsigned)(at - pc), u->code_bytes,
			u->guest_insns);
		hostcode_print(f, u->code, u->code_bytes, indent, false);
		found++;
	}
	return found;
}

/* The memory order of an access, which intermediate code has as a number. */
static const char *order_word(const char *line)
{
	static const char *const words[] = {"", "acquire", "acquire-pc", "release"};
	const char *imm = strstr(line, " imm=");
	bool access = strstr(line, " ld ") || strstr(line, " st ") || strstr(line, " ldx ") || strstr(line, " stx ") ||
		      strstr(line, " rmw ") || strstr(line, " cas ");

	return access && imm && imm[5] >= '1' && imm[5] <= '3' ? words[imm[5] - '0'] : strstr(line, " fence imm=1") ? "if owed" : "";
}

/* Collects what the log gets of the intermediate code. */
static void copy_ir(FILE *to, int fd)
{
	char line[512];
	FILE *from = fdopen(fd, "r");

	if (!from)
		return;
	rewind(from);
	while (fgets(line, sizeof(line), from)) {
		char *snap = strstr(line, "  {");

		if (snap) /* the guest state at this point */
			strcpy(snap, "\n");
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "IR of", 5))
			fprintf(to, "%s%s%s\n", line, *order_word(line) ? "  " : "", order_word(line));
	}
	fclose(from);
}

/* Translation happens on a vCPU's thread, as a job that runs nothing. */
struct request {
	struct gang *g;
	uint64_t pc;
	unsigned insns;
	FILE *host;
	bool done;
};

static void translate(void *ctx, unsigned v, bool ran)
{
	struct request *q = ctx;
	struct vcpu *c = gang_cpu(q->g, v);
	unsigned budget = xlate_budget;
	uint32_t mask = log_mask;
	struct xlate *x = v || ran ? NULL : xlate_new();
	struct tcache *t = jit_cache();
	struct tcache_cpu *tc;
	struct tblock *u;

	if (!x)
		return;
	tc = jit_cache_cpu(c);
	tcache_enter(tc);
	tlbi_enter(c);
	xlate_budget = q->insns;
	log_mask = LOG_OPT;
	u = tcache_lookup(t, &(struct tkey){gang_host(q->g, q->pc), q->pc, c->ctx});
	if (u)
		tcache_kill(t, u);
	u = xlate_unit(x, t, tc, c, q->pc, gang_host(q->g, q->pc), 0);
	log_mask = mask;
	xlate_budget = budget;
	if (u)
		hostcode_print(q->host, u->code, u->code_bytes, "", true);
	q->done = u;
	xlate_free(x);
	tlbi_leave(c);
	tcache_leave(tc);
}

static bool no_role(void *ctx, unsigned v, struct gang_start *s) { return false; }
static void nothing(void *ctx) {}
static bool no_more(void *ctx) { return false; }

bool hostcode_translate(struct gang *g, uint64_t pc, unsigned insns, FILE *ir, FILE *host)
{
	struct request q = {g, pc, insns, host, false};
	const struct gang_job job = {.next = nothing, .work = translate, .assign = no_role, .more = no_more, .ctx = &q};
	int fd = memfd_create("ir", 0);
	char path[64];
	struct err e;

	if (!gang_translates(g) || fd < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (log_open(path, &e) < 0 || gang_run(g, &job, 10) < 0) {
		close(fd);
		return false;
	}
	copy_ir(ir, fd);
	return q.done;
}
