/* Names of cycles as diy gives them: the base shape, then the edges within each thread. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "mcm/cycle.h"


/* Base shapes: directions of each thread's first and last access, and the communication that leaves it. */
static const struct {
	const char *shape, *name;
} shapes[] = {
	{"WW Coe WW Coe", "2+2W"}, {"RW Rfe RW Rfe", "LB"}, {"WW Rfe RR Fre", "MP"}, {"WW Coe WR Fre", "R"},
	{"WW Rfe RW Coe", "S"}, {"WR Fre WR Fre", "SB"},
	{"WW Coe WW Coe WW Coe", "3.2W"}, {"RW Rfe RW Rfe RW Rfe", "3.LB"}, {"WR Fre WR Fre WR Fre", "3.SB"},
	{"W Rfe RR Fre W Rfe RR Fre", "IRIW"}, {"W Rfe RR Fre W Rfe RW Coe", "IRRWIW"},
	{"W Rfe RW Coe W Rfe RW Coe", "IRWIW"}, {"WW Rfe RW Rfe RR Fre", "ISA2"}, {"W Rfe RR Fre WR Fre", "RWC"},
	{"WW Rfe RR Fre WR Fre", "W+RWC"}, {"W Rfe RW Rfe RR Fre", "WRC"}, {"W Rfe RR Fre WW Coe", "WRR+2W"},
	{"W Rfe RW Coe WW Coe", "WRW+2W"}, {"W Rfe RW Coe WR Fre", "WRW+WR"}, {"W Rfe RW Rfe RW Coe", "WWC"},
	{"WW Rfe RW Coe WR Fre", "Z6.0"}, {"WW Coe WW Rfe RW Coe", "Z6.1"}, {"WW Rfe RW Rfe RW Coe", "Z6.2"},
	{"WW Coe WW Rfe RR Fre", "Z6.3"}, {"WW Coe WR Fre WR Fre", "Z6.4"}, {"WW Coe WW Coe WR Fre", "Z6.5"},
	{"WW Coe WW Coe WW Coe WW Coe", "4.2W"}, {"RW Rfe RW Rfe RW Rfe RW Rfe", "4.LB"},
	{"WR Fre WR Fre WR Fre WR Fre", "4.SB"},
};

static bool ext_edge(const struct cycle *c, unsigned i) { return c->e[i % c->n].kind <= CY_COE; }

static void shape_from(const struct cycle *c, unsigned start, char *buf, size_t size)
{
	static const char *const com[] = {"Rfe", "Fre", "Coe"};
	size_t n = 0;
	unsigned head = start;

	for (unsigned k = 0; k < c->n && n + 16 < size; k++) {
		unsigned i = (start + k) % c->n;

		if (!ext_edge(c, i))
			continue;
		n += (size_t)snprintf(buf + n, size - n, "%s%c", n ? " " : "", c->e[head].from_w ? 'W' : 'R');
		if (i != head)
			n += (size_t)snprintf(buf + n, size - n, "%c", c->e[i].from_w ? 'W' : 'R');
		n += (size_t)snprintf(buf + n, size - n, " %s", com[c->e[i].kind]);
		head = (i + 1) % c->n;
	}
}

static const char *base_name(const struct cycle *c, unsigned start)
{
	char buf[128] = "";

	shape_from(c, start, buf, sizeof(buf));
	for (unsigned s = 0; s < ARRAY_SIZE(shapes); s++)
		if (!strcmp(shapes[s].shape, buf))
			return shapes[s].name;
	return NULL;
}

unsigned cycle_start(const struct cycle *c)
{
	unsigned any = 0;

	for (unsigned i = 0; i < c->n; i++) {
		if (!ext_edge(c, i + c->n - 1))
			continue;
		any = i;
		if (base_name(c, i))
			return i;
	}
	return any;
}

static char letter(unsigned ann) { return "paql"[ann]; }

static const char *const acc_names[CY_NACC] = {"w0", "h0", "h2", "b0", "b1", "b2", "b3"};

static int edge_part(const struct cycle *c, unsigned i, char *buf, size_t size)
{
	static const char *const names[CY_NKINDS] = {
		[CY_AMO] = "amo.swp", [CY_LXSX] = "rmw", [CY_PO] = "po", [CY_DMB_SY] = "dmb.sy", [CY_DMB_LD] = "dmb.ld",
		[CY_DMB_ST] = "dmb.st", [CY_DSB_SY] = "dsb.sy", [CY_DSB_LD] = "dsb.ld", [CY_DSB_ST] = "dsb.st", [CY_ADDR] = "addr", [CY_DATA] = "data",
		[CY_CTRL] = "ctrl", [CY_CTRLISB] = "ctrlisb"};
	static const char *const same[2][2] = {{"pos", "fri"}, {"rfi", "coi"}};
	const struct cy_edge *e = &c->e[i];
	unsigned a = c->ann[i], b = c->ann[(i + 1) % c->n];
	const char *name = e->kind == CY_SAME ? same[e->from_w][e->to_w] : names[e->kind];

	if (cycle_mixed(c)) {
		char ends[2][8];

		for (unsigned k = 0; k < 2; k++) {
			unsigned j = (i + k) % c->n;

			char ann[3] = {c->ann[j] ? letter(c->ann[j]) : 0, '.', 0};

			snprintf(ends[k], sizeof(ends[k]), "%s%s", ann, acc_names[c->acc[j]]);
		}
		return snprintf(buf, size, "%s%s%s", name, ends[0], ends[1]);
	}
	if (a == CY_PLAIN && b == CY_PLAIN)
		return snprintf(buf, size, "%s", name);
	return snprintf(buf, size, "%s%c%c", name, letter(a), letter(b));
}

void cycle_name(const struct cycle *c, char *buf, size_t size)
{
	unsigned start = cycle_start(c), nparts = 0;
	const char *base = base_name(c, start);
	char part[CYCLE_MAX][64], shape[128] = "";
	size_t n = 0;
	bool all_same = true, single = false;

	part[0][0] = 0;
	for (unsigned k = 0; k < c->n; k++) {
		unsigned i = (start + k) % c->n;

		single |= c->e[i].kind == CY_LXSX;
		if (ext_edge(c, i)) {
			nparts += n > 0;
			n = 0;
			continue;
		}
		if (n)
			part[nparts][n++] = '-';
		n += (size_t)edge_part(c, i, part[nparts] + n, sizeof(part[0]) - n);
	}
	if (!base) { /* WW+RR+... */
		size_t k = 0;

		shape_from(c, start, shape, sizeof(shape));
		for (char *p = shape; *p; p++)
			if (*p == ' ') {
				p += 4;
				if (!*p)
					break;
				shape[k++] = '+';
			} else {
				shape[k++] = *p;
			}
		shape[k] = 0;
		base = shape;
	}
	for (unsigned i = 1; i < nparts; i++)
		all_same &= !strcmp(part[0], part[i]);
	n = (size_t)snprintf(buf, size, "%s", base);
	if (all_same && !strcmp(part[0], "po"))
		return; /* the base shape itself */
	if (nparts > 1 && all_same)
		n += (size_t)snprintf(buf + n, size - MIN(n, size), "+%ss", part[0]);
	else
		for (unsigned i = 0; i < nparts && n < size; i++)
			n += (size_t)snprintf(buf + n, size - n, "+%s", part[i]);
	if (single && n < size)
		snprintf(buf + n, size - n, "-ua");
}

void cycle_edges(const struct cycle *c, char *buf, size_t size)
{
	static const char *const com[] = {"Rfe", "Fre", "Coe"};
	static const char *const same[2][2] = {{"PosRR", "Fri"}, {"Rfi", "Coi"}};
	static const char *const names[CY_NKINDS] = {
		[CY_AMO] = "Amo.Swp", [CY_LXSX] = "LxSx", [CY_PO] = "Pod", [CY_DMB_SY] = "DMB.SYd", [CY_DMB_LD] = "DMB.LDd",
		[CY_DMB_ST] = "DMB.STd", [CY_DSB_SY] = "DSB.SYd", [CY_DSB_LD] = "DSB.LDd", [CY_DSB_ST] = "DSB.STd", [CY_ADDR] = "DpAddrd", [CY_DATA] = "DpDatad",
		[CY_CTRL] = "DpCtrld", [CY_CTRLISB] = "DpCtrlIsbd"};
	unsigned start = cycle_start(c);
	size_t n = 0;

	buf[0] = 0;
	for (unsigned k = 0; k < c->n && n < size; k++) {
		unsigned i = (start + k) % c->n, a = c->ann[i], b = c->ann[(i + 1) % c->n];
		const struct cy_edge *e = &c->e[i];
		const char *name = e->kind <= CY_COE ? com[e->kind] : e->kind == CY_SAME ? same[e->from_w][e->to_w] : names[e->kind];
		char dirs[3] = {'W', 'W', 0}, ann[3] = {(char)(letter(a) & ~32), (char)(letter(b) & ~32), 0};

		dirs[0] = e->from_w ? 'W' : 'R';
		dirs[1] = e->to_w ? 'W' : 'R';
		if (e->kind >= CY_ADDR) { /* a dependency starts from a read */
			dirs[0] = dirs[1];
			dirs[1] = 0;
		}
		n += (size_t)snprintf(buf + n, size - n, "%s%s%s%s", k ? " " : "", name, e->kind >= CY_PO ? dirs : "",
				      a || b ? ann : "");
	}
}
