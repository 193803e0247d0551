/* See vecfile.h. */
#include "tests/a64/vecfile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const traps[] = {"ok", "undef", "abort", "align", "other"};

static void print_diff(FILE *f, const struct case_state *base, const struct case_state *s)
{
	for (unsigned k = 0; k < 31; k++)
		if (s->x[k] != base->x[k])
			fprintf(f, " x%u=%" PRIx64, k, s->x[k]);
	if (s->sp != base->sp)
		fprintf(f, " sp=%" PRIx64, s->sp);
	for (unsigned k = 0; k < 32; k++)
		if (memcmp(s->v[k], base->v[k], 16))
			fprintf(f, " v%u=%016" PRIx64 "%016" PRIx64, k, s->v[k][1], s->v[k][0]);
	if (s->nzcv != base->nzcv)
		fprintf(f, " nzcv=%x", s->nzcv >> 28);
	if (s->fpcr != base->fpcr)
		fprintf(f, " fpcr=%x", s->fpcr);
	if (s->fpsr != base->fpsr)
		fprintf(f, " fpsr=%x", s->fpsr);
}

void vec_print(FILE *f, const char *row, const struct case_input *in, const struct case_result *out)
{
	struct case_state d;

	case_default_state(&d);
	fprintf(f, "%s %08x", row, in->word);
	print_diff(f, &d, &in->s);
	fputs(" ->", f);
	print_diff(f, &in->s, &out->s);
	if (out->s.pc != in->s.pc + 4)
		fprintf(f, " pc=%" PRIx64, out->s.pc - in->s.pc);
	if (out->s.trap)
		fprintf(f, " trap=%s", traps[out->s.trap]);
	if (out->mem_len) {
		fprintf(f, " mem=%x:", out->mem_first);
		for (uint32_t k = 0; k < out->mem_len && k < CASE_DIFF; k++)
			fprintf(f, "%02x", out->mem[k]);
	}
	fputc('\n', f);
}

static bool parse_mem(const char *p, struct case_result *r)
{
	char *end;

	r->mem_first = (uint32_t)strtoul(p, &end, 16);
	if (*end++ != ':')
		return false;
	for (r->mem_len = 0; end[0] && end[1] && r->mem_len < CASE_DIFF; end += 2) {
		char byte[3] = {end[0], end[1], 0};

		r->mem[r->mem_len++] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return true;
}

static bool parse_key(const char *key, const char *val, struct case_state *s)
{
	unsigned n = (unsigned)strtoul(key + 1, NULL, 10);
	uint64_t v = strtoull(val, NULL, 16);

	if (!strcmp(key, "sp")) {
		s->sp = v;
	} else if (!strcmp(key, "nzcv")) {
		s->nzcv = (uint32_t)v << 28;
	} else if (!strcmp(key, "fpcr")) {
		s->fpcr = (uint32_t)v;
	} else if (!strcmp(key, "fpsr")) {
		s->fpsr = (uint32_t)v;
	} else if (key[0] == 'x' && n < 31) {
		s->x[n] = v;
	} else if (key[0] == 'v' && n < 32 && strlen(val) == 32) {
		char hi[17] = "";

		memcpy(hi, val, 16);
		s->v[n][1] = strtoull(hi, NULL, 16);
		s->v[n][0] = strtoull(val + 16, NULL, 16);
	} else {
		return false;
	}
	return true;
}

bool vec_parse(char *line, const char **row, struct case_input *in, struct case_result *out)
{
	char *save, *tok = strtok_r(line, " \n", &save);
	bool after = false;

	memset(in, 0, sizeof(*in));
	memset(out, 0, sizeof(*out));
	if (!tok)
		return false;
	*row = tok;
	tok = strtok_r(NULL, " \n", &save);
	if (!tok)
		return false;
	in->word = (uint32_t)strtoul(tok, NULL, 16);
	in->is_mem = vec_is_mem(in->word);
	case_default_state(&in->s);
	while ((tok = strtok_r(NULL, " \n", &save))) {
		char *val = strchr(tok, '=');

		if (!strcmp(tok, "->")) {
			after = true;
			out->s = in->s;
			out->s.pc += 4;
			continue;
		}
		if (!val)
			return false;
		*val++ = 0;
		if (after && !strcmp(tok, "pc")) {
			out->s.pc = in->s.pc + strtoull(val, NULL, 16);
		} else if (after && !strcmp(tok, "mem")) {
			if (!parse_mem(val, out))
				return false;
		} else if (after && !strcmp(tok, "trap")) {
			for (unsigned k = 0; k < 5; k++)
				if (!strcmp(val, traps[k]))
					out->s.trap = k;
		} else if (!parse_key(tok, val, after ? &out->s : &in->s)) {
			return false;
		}
	}
	return after;
}

void vec_print_program(FILE *f, const uint32_t *words, unsigned n, const struct case_state *in, const struct case_state *out,
		       uint64_t memory)
{
	struct case_state d;

	case_default_state(&d);
	fputs("PROGRAM ", f);
	for (unsigned k = 0; k < n; k++)
		fprintf(f, "%s%08x", k ? ":" : "", words[k]);
	print_diff(f, &d, in);
	fputs(" ->", f);
	print_diff(f, in, out);
	if (out->trap)
		fprintf(f, " trap=%s pc=%" PRIx64, traps[out->trap], out->pc);
	if (memory)
		fprintf(f, " memory=%" PRIx64, memory);
	fputc('\n', f);
}

/* What only the results of programs have. */
static bool parse_result(const char *key, const char *val, struct case_state *out, uint64_t *memory)
{
	if (!strcmp(key, "memory")) {
		*memory = strtoull(val, NULL, 16);
	} else if (!strcmp(key, "pc")) {
		out->pc = strtoull(val, NULL, 16);
	} else if (!strcmp(key, "trap")) {
		for (unsigned k = 0; k < 5; k++)
			if (!strcmp(val, traps[k]))
				out->trap = k;
	} else {
		return parse_key(key, val, out);
	}
	return true;
}

bool vec_parse_program(char *line, uint32_t *words, unsigned room, unsigned *n, struct case_state *in, struct case_state *out,
		       uint64_t *memory)
{
	char *save, *inner, *tok = strtok_r(line, " \n", &save);
	bool after = false;

	case_default_state(in);
	in->pc = 0;
	*n = 0;
	*memory = 0;
	if (!tok || strcmp(tok, "PROGRAM") || !(tok = strtok_r(NULL, " \n", &save)))
		return false;
	for (char *w = strtok_r(tok, ":", &inner); w && *n < room; w = strtok_r(NULL, ":", &inner))
		words[(*n)++] = (uint32_t)strtoul(w, NULL, 16);
	while ((tok = strtok_r(NULL, " \n", &save))) {
		char *val = strchr(tok, '=');

		if (!strcmp(tok, "->")) {
			after = true;
			*out = *in;
			continue;
		}
		if (!val)
			return false;
		*val++ = 0;
		if (!(after ? parse_result(tok, val, out, memory) : parse_key(tok, val, in)))
			return false;
	}
	return after;
}

bool vec_same(const struct case_result *got, const struct case_result *want, FILE *f)
{
	uint32_t n = want->mem_len < CASE_DIFF ? want->mem_len : CASE_DIFF;
	bool same = !memcmp(&got->s, &want->s, sizeof(got->s)) && got->mem_len == want->mem_len &&
		    (!n || got->mem_first == want->mem_first) && !memcmp(got->mem, want->mem, n);

	if (!same && f) {
		fputs("#   got ", f);
		print_diff(f, &want->s, &got->s);
		fprintf(f, " pc=%" PRIx64 " trap=%s mem=%x+%u\n#   want", got->s.pc, traps[got->s.trap], got->mem_first,
			got->mem_len);
		print_diff(f, &got->s, &want->s);
		fprintf(f, " pc=%" PRIx64 " trap=%s mem=%x+%u\n", want->s.pc, traps[want->s.trap], want->mem_first,
			want->mem_len);
	}
	return same;
}
