/*
 * The host code of some guest sequences, as it is to be (tests/xlate/golden/): what runs when everything hits and no
 * conditional branch is taken, to the end of the unit or back in a loop.  Registers are named in the order in which they come, fields of the vCPU and of the TLB by
 * their names, and host addresses not at all, so a change here is a change of the code.
 *
 *   t_golden            compares
 *   t_golden --update   writes the files anew: look at the difference before you commit it
 *
 * A file has sections: a line "== " with the guest's assembly, its words in hexadecimal, "--", and the host's code.
 */
#include <capstone/capstone.h>
#include <ctype.h>

#include "tests/xlate/lockstep.h"
#include "tcache/tcache.h"
#include "x64/cpu.h"
#include "xlate/slots.h"
#include "xlate/xlate.h"

static const char *const files[] = {"memory", "control", "order", "fp"};

#define WANTED (X64_AES | X64_PCLMUL | X64_SHA | X64_FMA | X64_F16C)

/* -- names -- */

static const char *const gpr[16][4] = {
	{"rax", "eax", "ax", "al"}, {"rcx", "ecx", "cx", "cl"}, {"rdx", "edx", "dx", "dl"}, {"rbx", "ebx", "bx", "bl"},
	{"rsp", "esp", "sp", "spl"}, {"rbp", "ebp", "bp", "bpl"}, {"rsi", "esi", "si", "sil"}, {"rdi", "edi", "di", "dil"},
	{"r8", "r8d", "r8w", "r8b"}, {"r9", "r9d", "r9w", "r9b"}, {"r10", "r10d", "r10w", "r10b"}, {"r11", "r11d", "r11w", "r11b"},
	{"r12", "r12d", "r12w", "r12b"}, {"r13", "r13d", "r13w", "r13b"}, {"r14", "r14d", "r14w", "r14b"}, {"r15", "r15d", "r15w", "r15b"},
};

struct names {
	char g[16];          /* letter of each register, 0: not yet seen */
	int v[32];           /* number of each vector register, 0: not yet */
	int ng, nv;
};

static void name_reg(struct names *n, const char *word, char *out)
{
	static const char *const suffix[] = {"", ".d", ".w", ".b"};
	int k;

	for (int r = 0; r < 16; r++)
		for (int w = 0; w < 4; w++) {
			if (strcmp(word, gpr[r][w]))
				continue;
			if (r == 4 || r == 14 || r == 15) {
				sprintf(out, "%s", r == 4 ? "frame" : r == 14 ? "tlb" : "cpu");
				return;
			}
			if (!n->g[r])
				n->g[r] = (char)('a' + n->ng++);
			sprintf(out, "%c%s", n->g[r], suffix[w]);
			return;
		}
	if ((word[0] == 'x' || word[0] == 'y') && !strncmp(word + 1, "mm", 2) && isdigit((unsigned char)word[3])) {
		k = atoi(word + 3) & 31;
		if (!n->v[k])
			n->v[k] = ++n->nv;
		sprintf(out, "v%d%s", n->v[k], word[0] == 'y' ? ".y" : "");
		return;
	}
	strcpy(out, word);
}

/* A field of the vCPU at that offset. */
static void name_field(uint64_t off, char *out)
{
	static const struct {
		size_t off;
		const char *name;
	} more[] = {
		{offsetof(struct vcpu, pc), "pc"}, {offsetof(struct vcpu, request), "request"},
		{offsetof(struct vcpu, fence_owed), "owed"}, {offsetof(struct vcpu, fp), "fp"},
		{offsetof(struct vcpu, sys.tpidr_el0), "tpidr_el0"}, {offsetof(struct vcpu, sp_el), "sp_el0"},
	};

	for (unsigned k = 0; k < SLOT_COUNT; k++)
		if (xlate_slots[k].offset == off) {
			strcpy(out, xlate_slots[k].name);
			return;
		}
	for (unsigned k = 0; k < ARRAY_SIZE(more); k++)
		if (more[k].off == off) {
			strcpy(out, more[k].name);
			return;
		}
	strcpy(out, off - offsetof(struct vcpu, mon) < sizeof(struct monitor) ? "monitor" : "field");
}

static void name_table(uint64_t off, char *out)
{
	static const char *const fields[] = {"tag_r", "tag_w", "tag_x", "addend"};

	strcpy(out, off >= offsetof(struct tlb, jump) ? "jump" : off < 32 ? fields[off / 8] : "line");
}

/* -- one instruction -- */

#define MAX_INSNS 1000
struct unit {
	const struct tblock *b;
	cs_insn *in;
	size_t n;
	unsigned step[MAX_INSNS + 1];   /* when an instruction comes, 0: it does not */
	size_t order[MAX_INSNS + 1];    /* which comes at a step */
	unsigned steps, now;
	struct names names;
};

static size_t at_address(const struct unit *u, uint64_t v);

/* Where a jump goes. */
static const char *name_target(const struct unit *u, uint64_t v)
{
	size_t k = at_address(u, v);

	if (k == MAX_INSNS)
		return "outside";
	return !u->step[k] ? "cold" : u->step[k] <= u->now ? "back" : "ahead";
}

static void name_number(const struct unit *u, const char *mnemonic, uint64_t v, bool in_mem, int base, char *out)
{
	if (!in_mem && (mnemonic[0] == 'j' || !strcmp(mnemonic, "call")))
		strcpy(out, name_target(u, v));
	else if (in_mem && base == 15)
		name_field(v, out);
	else if (in_mem && base == 14)
		name_table(v, out);
	else if (in_mem && base == 1)
		strcpy(out, "const");
	else if (in_mem && base == 4)
		strcpy(out, "slot");
	else if (v >> 40 && v >> 40 < 0xff)
		strcpy(out, "host");
	else if (v == ((uint32_t)(uintptr_t)u->b->code | 1)) /* FR_MEMO_UNIT */
		strcpy(out, "unit");
	else
		sprintf(out, v > 9 ? "0x%" PRIx64 : "%" PRIu64, v);
}

static void normalise(struct unit *u, const cs_insn *in, char *out)
{
	bool in_mem = false, had_disp = false;
	int base = -1;

	out += sprintf(out, "%s", in->mnemonic);
	*out++ = *in->op_str ? ' ' : '\0';
	for (const char *p = in->op_str; *p;) {
		char word[64], to[64];
		unsigned len = 0;

		if (isalnum((unsigned char)*p)) {
			while (isalnum((unsigned char)p[len]))
				len++;
			memcpy(word, p, len);
			word[len] = 0;
			if (isdigit((unsigned char)*p) && !(in_mem && p[-1] == '*')) {
				name_number(u, in->mnemonic, strtoull(word, 0, 0), in_mem, base, to);
				had_disp = true;
			} else if (isdigit((unsigned char)*p)) {
				strcpy(to, word);
			} else {
				if (in_mem && base < 0)
					base = !strcmp(word, "r15") ? 15 : !strcmp(word, "r14") ? 14 : !strcmp(word, "rsp") ? 4 : !strcmp(word, "rip") ? 1 : 0;
				name_reg(&u->names, word, to);
			}
			out += sprintf(out, "%s", to);
			p += len;
			continue;
		}
		if (*p == '[') {
			in_mem = true;
			had_disp = false;
			base = -1;
		}
		if (*p == ']') { /* offset 0 has a name, too */
			if (!had_disp && base == 15)
				out += sprintf(out, " + x0");
			if (!had_disp && base == 14)
				out += sprintf(out, " + tag_r");
			in_mem = false;
		}
		*out++ = *p++;
	}
	*out = 0;
}

/* The unit's instruction at a host address; MAX_INSNS: none, or none of it. */
static size_t at_address(const struct unit *u, uint64_t v)
{
	for (size_t k = 0; k < u->n; k++)
		if (u->in[k].address == v)
			return k;
	return MAX_INSNS;
}

/* The way through the unit where no conditional branch is taken, to a jump that leaves or goes back: u->step says when. */
static void trace(struct unit *u)
{
	for (size_t k = 0; k < u->n && !u->step[k];) {
		u->step[k] = ++u->steps;
		u->order[u->steps] = k;
		k = strcmp(u->in[k].mnemonic, "jmp") ? k + 1 : at_address(u, strtoull(u->in[k].op_str, 0, 0));
	}
}

static void show(const struct tblock *b, char *out, size_t size)
{
	static struct unit u;
	csh h;

	memset(&u, 0, sizeof(u));
	u.b = b;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &h) != CS_ERR_OK)
		exit(99);
	u.n = cs_disasm(h, b->code, b->code_bytes, (uint64_t)(uintptr_t)b->code, MAX_INSNS, &u.in);
	trace(&u);
	*out = 0;
	for (u.now = 1; u.now <= u.steps; u.now++) {
		const cs_insn *in = &u.in[u.order[u.now]];
		char line[256];
		size_t len = strlen(out), to = at_address(&u, strtoull(in->op_str, 0, 0));

		if (!strcmp(in->mnemonic, "nop") || (!strcmp(in->mnemonic, "jmp") && to < MAX_INSNS && u.step[to] == u.now + 1))
			continue;
		normalise(&u, in, line);
		snprintf(out + len, size - len, "%s\n", line);
	}
	cs_free(u.in, u.n);
	cs_close(&h);
}

/* -- sections -- */

static struct vcpu *c;

static void host_code(const uint32_t *words, unsigned n, char *out, size_t size)
{
	static struct state in;
	const struct tblock *b;

	in.el = 1;
	in.sp = DATA + 32768;
	for (unsigned k = 0; k < 31; k++)
		in.x[k] = DATA + 16384 + 64 * k;
	program(c, words, n);
	tcache_flush(jit_cache());
	state_put(c, &in);
	st_rlx(&c->request, 0);
	tcache_enter(jit_cache_cpu(c));
	b = jit_step(c, true);
	if (b)
		show(b, out, size);
	else
		strcpy(out, "not translated\n");
	tcache_leave(jit_cache_cpu(c));
	at_and(&c->request, ~REQ_POLL);
}

static char got[16384], want[16384];

/* Reads a section: its title, words, code; false: no more. */
static bool read_section(FILE *f, char *title, uint32_t *words, unsigned *n)
{
	static char line[512];
	static bool pending;
	bool code = false, any = pending;

	*n = 0;
	*want = 0;
	if (pending)
		strcpy(title, line + 3);
	pending = false;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "== ", 3)) {
			if (any) {
				pending = true;
				break;
			}
			any = true;
			strcpy(title, line + 3);
		} else if (!strcmp(line, "--\n")) {
			code = true;
		} else if (code) {
			strncat(want, line, sizeof(want) - strlen(want) - 1);
		} else if (any) {
			for (char *p = strtok(line, " \n"); p; p = strtok(NULL, " \n"))
				words[(*n)++] = (uint32_t)strtoul(p, 0, 16);
		}
	}
	title[strcspn(title, "\n")] = 0;
	return any;
}

static void one_file(const char *dir, const char *name, bool update)
{
	char path[512], new_path[520], title[512];
	uint32_t words[64];
	unsigned n;
	FILE *f, *w = 0;

	snprintf(path, sizeof(path), "%s/tests/xlate/golden/%s.txt", dir, name);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	f = fopen(path, "r");
	if (update)
		w = fopen(new_path, "w");
	if (!f || (update && !w)) {
		ok(false, "%s can be %s", path, f ? "written" : "read");
		return;
	}
	while (read_section(f, title, words, &n)) {
		host_code(words, n, got, sizeof(got));
		if (update) {
			fprintf(w, "== %s\n", title);
			for (unsigned k = 0; k < n; k++)
				fprintf(w, "%08x%s", words[k], k + 1 < n ? " " : "\n--\n");
			fputs(got, w);
		} else if (!ok(!strcmp(got, want), "%s: %s", name, title)) {
			printf("# it is now (tests/xlate/t_golden --update, if that is better):\n");
			for (char *p = strtok(got, "\n"); p; p = strtok(NULL, "\n"))
				printf("#   %s\n", p);
		}
	}
	fclose(f);
	if (update && (fclose(w) || rename(new_path, path)))
		ok(false, "%s can be written", path);
}

int main(int argc, char **argv)
{
	const char *dir = getenv("top_srcdir") ? getenv("top_srcdir") : "..";
	bool update = argc > 1 && !strcmp(argv[1], "--update");

	if (!x64_supported())
		tap_skip_all("the translator needs another host");
#ifdef __clang__
	/* Arguments that take registers are evaluated in another order: the same code with other registers. */
	if (!update)
		tap_skip_all("the files are those of a translator that gcc compiled");
#endif
	x64_cpu_mask(X64_NEEDED | WANTED); /* the same code on every host that has these */
	if (~x64_cpu() & WANTED)
		tap_skip_all("the files are for a host with AES, PCLMUL, SHA, FMA and F16C");
	c = lockstep_new();
	for (unsigned k = 0; k < ARRAY_SIZE(files); k++)
		one_file(dir, files[k], update);
	return tap_done();
}
