/*
 * encgen: turns the encoding tables (enc/ *.enc) into C, at build time.
 *
 *     encgen OUT.h OUT.c TABLE.enc...
 *
 * A line of a table is one encoding:
 *
 *     NAME  part...  [if C-EXPRESSION] [feat FEATURE]... [end]
 *
 * Parts, from bit 31 down to bit 0: literal bits (0101), `name:W` an unsigned
 * field, `name:sW` a sign-extended one.  `if` is over the fields and
 * has(FEATURE); where it is false the next candidate is tried.  `feat` makes
 * the encoding exist only with that feature of a64/feat.h.  `end` marks an
 * instruction that ends a block.  `%group TEXT` names the group of the lines
 * that follow; `#` starts a comment.
 *
 * OUT.h gets the enum, a struct of fields per row, struct a64_insn and the
 * row table's declaration; OUT.c the row table and the decoder, a tree of
 * switches over bits that the rows of a node have in common.
 *
 * Checked here: 32 bits per row, unique names, fields usable as C names, and
 * overlaps.  Two rows may match the same word only if one's fixed bits are a
 * strict superset of the other's (it is tried first), or if one has an `if`
 * (then the order in the files decides).  All errors are FILE:LINE: text.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 12
#define MAX_FEATS 2

struct field {
	char name[16];
	unsigned lsb, width;
	bool is_signed;
};

struct row {
	char name[48];
	const char *group, *file, *cond;
	int line;
	uint32_t mask, value;
	struct field f[MAX_FIELDS];
	unsigned nf;
	char feat[MAX_FEATS][16];
	unsigned nfeat;
	bool end;
};

static struct row *rows;
static unsigned nrows, errors;
static FILE *out;

__attribute__((format(printf, 3, 4))) static void complain(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	errors++;
}

static void *must(void *p)
{
	if (!p) {
		fputs("encgen: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

/* -- reading the tables -- */

static bool is_name(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

/* One literal or field token at bit position *pos (bits left to fill). */
static void parse_part(struct row *r, char *tok, unsigned *pos)
{
	char *colon = strchr(tok, ':');
	struct field *f;
	unsigned width;

	if (!colon) {
		if (strspn(tok, "01") != strlen(tok)) {
			complain(r->file, r->line, "%s: '%s' is neither literal bits nor a field", r->name, tok);
			return;
		}
		for (; *tok; tok++) {
			if (!*pos) {
				complain(r->file, r->line, "%s: more than 32 bits", r->name);
				return;
			}
			--*pos;
			r->mask |= UINT32_C(1) << *pos;
			r->value |= (uint32_t)(*tok == '1') << *pos;
		}
		return;
	}
	*colon++ = 0;
	if (r->nf == MAX_FIELDS || strlen(tok) >= sizeof(f->name) || !is_name(tok)) {
		complain(r->file, r->line, "%s: bad field name '%s', or too many fields", r->name, tok);
		return;
	}
	for (unsigned k = 0; k < r->nf; k++)
		if (!strcmp(r->f[k].name, tok))
			complain(r->file, r->line, "%s: field '%s' twice", r->name, tok);
	f = &r->f[r->nf++];
	strcpy(f->name, tok);
	f->is_signed = *colon == 's';
	width = (unsigned)strtoul(colon + f->is_signed, NULL, 10);
	if (!width || width > *pos) {
		complain(r->file, r->line, "%s: field '%s' does not fit into 32 bits", r->name, tok);
		width = width ? *pos : 1;
	}
	*pos -= width;
	f->width = width;
	f->lsb = *pos;
}

static void parse_row(char *s, const char *file, int line, const char *group)
{
	enum { PARTS, COND, FEAT } state = PARTS;
	char cond[512] = "", *save, *tok = strtok_r(s, " \t\r\n", &save);
	unsigned pos = 32;
	struct row *r;

	rows = must(realloc(rows, (nrows + 1) * sizeof(*rows)));
	r = memset(&rows[nrows++], 0, sizeof(*r));
	r->file = file;
	r->line = line;
	r->group = group;
	if (strlen(tok) >= sizeof(r->name) || !is_name(tok))
		complain(file, line, "bad name '%s'", tok);
	snprintf(r->name, sizeof(r->name), "%s", tok);
	for (unsigned k = 0; k + 1 < nrows; k++)
		if (!strcmp(rows[k].name, r->name))
			complain(file, line, "%s is already at %s:%d", r->name, rows[k].file, rows[k].line);
	while ((tok = strtok_r(NULL, " \t\r\n", &save))) {
		if (!strcmp(tok, "if")) {
			state = COND;
		} else if (!strcmp(tok, "feat")) {
			state = FEAT;
		} else if (!strcmp(tok, "end")) {
			r->end = true;
			state = PARTS;
		} else if (state == COND) {
			if (strlen(cond) + strlen(tok) + 2 > sizeof(cond))
				complain(file, line, "%s: condition too long", r->name);
			else
				strcat(strcat(cond, tok), " ");
		} else if (state == FEAT) {
			if (r->nfeat == MAX_FEATS || strlen(tok) >= sizeof(r->feat[0]))
				complain(file, line, "%s: feature '%s': too many or too long", r->name, tok);
			else
				strcpy(r->feat[r->nfeat++], tok);
			state = PARTS;
		} else {
			parse_part(r, tok, &pos);
		}
	}
	if (pos)
		complain(file, line, "%s: %u bits are missing", r->name, pos);
	if (*cond)
		r->cond = must(strdup(cond));
}

static void read_table(const char *file)
{
	FILE *in = fopen(file, "r");
	const char *group = "other";
	char buf[1024];

	if (!in) {
		fprintf(stderr, "encgen: %s: %s\n", file, strerror(errno));
		exit(1);
	}
	for (int line = 1; fgets(buf, sizeof(buf), in); line++) {
		char *s = buf + strspn(buf, " \t");

		if (!strchr(buf, '\n') && !feof(in))
			complain(file, line, "line too long");
		s[strcspn(s, "#\r\n")] = 0;
		if (!strncmp(s, "%group ", 7))
			group = must(strdup(s + 7 + strspn(s + 7, " \t")));
		else if (*s)
			parse_row(s, file, line, group);
	}
	fclose(in);
}

/* -- overlaps and order of trial -- */

static bool overlaps(const struct row *a, const struct row *b)
{
	return !((a->value ^ b->value) & a->mask & b->mask);
}

static bool more_specific(const struct row *a, const struct row *b)
{
	return overlaps(a, b) && a->mask != b->mask && !(b->mask & ~a->mask);
}

/* Sorts rows so that a more specific one comes before what it refines, otherwise in file order. */
static void order_rows(void)
{
	struct row *sorted = must(malloc((nrows + 1) * sizeof(*rows)));
	bool *done = must(calloc(nrows + 1, 1));
	unsigned n = 0;

	for (unsigned a = 0; a < nrows; a++)
		for (unsigned b = a + 1; b < nrows; b++)
			if (overlaps(&rows[a], &rows[b]) && !rows[a].cond && !rows[b].cond &&
			    !more_specific(&rows[a], &rows[b]) && !more_specific(&rows[b], &rows[a]))
				complain(rows[b].file, rows[b].line, "%s overlaps %s (%s:%d), and neither refines the other",
					 rows[b].name, rows[a].name, rows[a].file, rows[a].line);
	while (n < nrows) {
		for (unsigned a = 0; a < nrows; a++) {
			bool blocked = done[a];

			for (unsigned b = 0; b < nrows && !blocked; b++)
				blocked = !done[b] && more_specific(&rows[b], &rows[a]);
			if (!blocked) {
				done[a] = true;
				sorted[n++] = rows[a];
				break;
			}
		}
	}
	free(rows);
	free(done);
	rows = sorted;
}

/* -- writing C -- */

static const char *c_type(const struct field *f)
{
	return f->width <= 8 ? f->is_signed ? "int8_t" : "uint8_t"
	     : f->width <= 16 ? f->is_signed ? "int16_t" : "uint16_t"
			      : f->is_signed ? "int32_t" : "uint32_t";
}

static void write_header(void)
{
	fputs("/* Generated by encgen from enc/ *.enc: do not edit. */\n"
	      "#ifndef PARMA_A64_ENC_GEN_H\n#define PARMA_A64_ENC_GEN_H\n\n"
	      "#include <stdbool.h>\n#include <stdint.h>\n\n"
	      "/* Every encoding, in table order. */\n#define A64_OPS(X)", out);
	for (unsigned k = 0; k < nrows; k++)
		fprintf(out, " \\\n\tX(%s)", rows[k].name);
	fputs("\n\nenum a64_op {\n\tA64_UNALLOCATED,\n", out);
	for (unsigned k = 0; k < nrows; k++)
		fprintf(out, "\tA64_%s,\n", rows[k].name);
	fputs("\tA64_OP_COUNT\n};\n\n", out);
	for (unsigned k = 0; k < nrows; k++) {
		fprintf(out, "struct f_%s {", rows[k].name);
		if (!rows[k].nf)
			fputs(" uint8_t no_fields;", out);
		for (unsigned j = 0; j < rows[k].nf; j++)
			fprintf(out, " %s %s;", c_type(&rows[k].f[j]), rows[k].f[j].name);
		fputs(" };\n", out);
	}
	fputs("\n/* A decoded instruction: which row, and the values of its fields. */\n"
	      "struct a64_insn {\n\tuint16_t op; /* enum a64_op */\n\tunion {\n", out);
	for (unsigned k = 0; k < nrows; k++)
		fprintf(out, "\t\tstruct f_%s %s;\n", rows[k].name, rows[k].name);
	fprintf(out, "\t};\n};\n\n"
	      "struct a64_field {\n\tconst char *name;\n\tuint8_t lsb, width;\n\tbool is_signed;\n};\n\n"
	      "/* What the table says of a row. */\n"
	      "struct a64_row {\n\tconst char *name, *group;\n\tuint32_t mask, value;\n"
	      "\tuint8_t feat[%d];  /* enum feat, FEAT_NONE where unused */\n"
	      "\tbool end, has_if;\n\tuint8_t nfields;\n\tconst struct a64_field *fields;\n};\n"
	      "extern const struct a64_row a64_rows[A64_OP_COUNT]; /* by enum a64_op; [0] is all zero */\n\n"
	      "/* Decodes a word for a CPU with those features (bit set of enum feat). False: unallocated. */\n"
	      "bool a64_decode(uint32_t insn, const uint64_t feats[2], struct a64_insn *out);\n\n#endif\n", MAX_FEATS);
}

static void write_rows(void)
{
	for (unsigned k = 0; k < nrows; k++) {
		if (!rows[k].nf)
			continue;
		fprintf(out, "static const struct a64_field fields_%s[] = {", rows[k].name);
		for (unsigned j = 0; j < rows[k].nf; j++)
			fprintf(out, "{\"%s\", %u, %u, %s}, ", rows[k].f[j].name, rows[k].f[j].lsb, rows[k].f[j].width,
				rows[k].f[j].is_signed ? "true" : "false");
		fputs("};\n", out);
	}
	fputs("\nconst struct a64_row a64_rows[A64_OP_COUNT] = {\n", out);
	for (unsigned k = 0; k < nrows; k++) {
		const struct row *r = &rows[k];

		fprintf(out, "\t[A64_%s] = {\"%s\", \"%s\", 0x%08x, 0x%08x, {", r->name, r->name, r->group, r->mask, r->value);
		for (unsigned j = 0; j < MAX_FEATS; j++)
			fprintf(out, "FEAT_%s%s", j < r->nfeat ? r->feat[j] : "NONE", j + 1 < MAX_FEATS ? ", " : "");
		fprintf(out, "}, %s, %s, %u, ", r->end ? "true" : "false", r->cond ? "true" : "false", r->nf);
		fprintf(out, r->nf ? "fields_%s},\n" : "0},\n", r->name);
	}
	fputs("};\n\n", out);
}

/* try_NAME(): the whole test of one row, and its fields. */
static void write_try(const struct row *r)
{
	fprintf(out, "static inline bool try_%s(uint32_t insn, const uint64_t feats[2], struct a64_insn *out)\n{\n"
		"\tif ((insn & 0x%08xu) != 0x%08xu)\n\t\treturn false;\n", r->name, r->mask, r->value);
	for (unsigned k = 0; k < r->nfeat; k++)
		fprintf(out, "\tif (!has(%s))\n\t\treturn false;\n", r->feat[k]);
	for (unsigned k = 0; k < r->nf; k++) {
		const struct field *f = &r->f[k];

		if (f->is_signed)
			fprintf(out, "\tconst int %s __attribute__((unused)) = (int)(insn << %u) >> %u;\n", f->name,
				32 - f->lsb - f->width, 32 - f->width);
		else
			fprintf(out, "\tconst int %s __attribute__((unused)) = (int)(insn >> %u & 0x%xu);\n", f->name, f->lsb,
				(uint32_t)((UINT64_C(1) << f->width) - 1));
	}
	if (r->cond)
		fprintf(out, "#line %d \"%s\"\n\tif (!(%s))\n\t\treturn false;\n", r->line, r->file, r->cond);
	fprintf(out, "\tout->op = A64_%s;\n", r->name);
	if (r->nf) {
		fprintf(out, "\tout->%s = (struct f_%s){", r->name, r->name);
		for (unsigned k = 0; k < r->nf; k++)
			fprintf(out, "(%s)%s%s", c_type(&r->f[k]), r->f[k].name, k + 1 < r->nf ? ", " : "");
		fputs("};\n", out);
	}
	fputs("\treturn true;\n}\n\n", out);
}

static void indent(unsigned n)
{
	while (n--)
		fputc('\t', out);
}

/*
 * The bits to switch on for a node: the longest run of untested bits that
 * all its rows fix, at most 8; failing that, the one bit that most rows fix.
 */
static uint32_t choose_bits(const unsigned *set, unsigned n, uint32_t tested)
{
	uint32_t common = ~tested, best = 0;
	unsigned best_count = 0;

	for (unsigned k = 0; k < n; k++)
		common &= rows[set[k]].mask;
	for (unsigned lo = 0; lo < 32; lo++) {
		uint32_t run = 0;

		for (unsigned b = lo; b < 32 && b < lo + 8 && common >> b & 1; b++)
			run |= UINT32_C(1) << b;
		if (__builtin_popcount(run) > __builtin_popcount(best))
			best = run;
	}
	if (best)
		return best;
	for (unsigned b = 0; b < 32; b++) {
		unsigned count = 0;

		if (tested >> b & 1)
			continue;
		for (unsigned k = 0; k < n; k++)
			count += rows[set[k]].mask >> b & 1;
		if (count > best_count) {
			best_count = count;
			best = UINT32_C(1) << b;
		}
	}
	return best;
}

static void write_node(const unsigned *set, unsigned n, uint32_t tested, unsigned depth)
{
	uint32_t sel = n > 2 ? choose_bits(set, n, tested) : 0;
	unsigned shift, *sub;

	if (!sel) {
		for (unsigned k = 0; k < n; k++) {
			indent(depth);
			fprintf(out, "if (try_%s(insn, feats, out))\n", rows[set[k]].name);
			indent(depth + 1);
			fputs("return true;\n", out);
		}
		return;
	}
	shift = (unsigned)__builtin_ctz(sel);
	sub = must(malloc(n * sizeof(*sub)));
	indent(depth);
	fprintf(out, "switch (insn >> %u & 0x%xu) {\n", shift, sel >> shift);
	for (uint32_t v = 0; v <= sel >> shift; v++) {
		unsigned m = 0;

		for (unsigned k = 0; k < n; k++)
			if (!((rows[set[k]].value ^ v << shift) & rows[set[k]].mask & sel))
				sub[m++] = set[k];
		if (!m)
			continue;
		indent(depth);
		fprintf(out, "case 0x%x:\n", v);
		write_node(sub, m, tested | sel, depth + 1);
		indent(depth + 1);
		fputs("break;\n", out);
	}
	indent(depth);
	fputs("default:\n", out);
	indent(depth + 1);
	fputs("break;\n", out);
	indent(depth);
	fputs("}\n", out);
	free(sub);
}

/* One function per value of bits 28..25, the manual's own first split. */
static void write_decoder(void)
{
	unsigned *set = must(malloc((nrows + 1) * sizeof(*set)));

	for (uint32_t v = 0; v < 16; v++) {
		unsigned n = 0;

		for (unsigned k = 0; k < nrows; k++)
			if (!((rows[k].value ^ v << 25) & rows[k].mask & 0x1e000000))
				set[n++] = k;
		fprintf(out, "static bool decode_%u(uint32_t insn, const uint64_t feats[2], struct a64_insn *out)\n{\n", v);
		write_node(set, n, 0x1e000000, 1);
		fputs("\treturn false;\n}\n\n", out);
	}
	fputs("bool a64_decode(uint32_t insn, const uint64_t feats[2], struct a64_insn *out)\n{\n"
	      "\tout->op = A64_UNALLOCATED;\n\tswitch (insn >> 25 & 15) {\n", out);
	for (unsigned v = 0; v < 15; v++)
		fprintf(out, "\tcase %u: return decode_%u(insn, feats, out);\n", v, v);
	fputs("\tdefault: return decode_15(insn, feats, out);\n\t}\n}\n", out);
	free(set);
}

static void open_out(const char *name)
{
	out = fopen(name, "w");
	if (!out) {
		fprintf(stderr, "encgen: %s: %s\n", name, strerror(errno));
		exit(1);
	}
}

static int close_out(const char *name)
{
	bool bad = ferror(out);

	if (fclose(out) || bad) {
		fprintf(stderr, "encgen: cannot write %s\n", name);
		remove(name);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fputs("usage: encgen OUT.h OUT.c TABLE.enc...\n", stderr);
		return 64;
	}
	for (int k = 3; k < argc; k++)
		read_table(argv[k]);
	order_rows();
	if (errors)
		return 1;
	open_out(argv[1]);
	write_header();
	if (close_out(argv[1]))
		return 1;
	open_out(argv[2]);
	fputs("/* Generated by encgen from enc/ *.enc: do not edit. */\n#include \"a64/a64_enc.gen.h\"\n"
	      "#include \"a64/bitmask.h\"\n#include \"a64/feat.h\"\n\n#define has(f) (feats[FEAT_##f >> 6] >> (FEAT_##f & 63) & 1)\n\n", out);
	write_rows();
	for (unsigned k = 0; k < nrows; k++)
		write_try(&rows[k]);
	write_decoder();
	return close_out(argv[2]);
}
