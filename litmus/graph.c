/* See graph.h. */
#include "litmus/graph.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NODES = 256, CELL_W = 210, CELL_H = 64, BOX_W = 120, BOX_H = 28 };

struct node {
	char label[64];
	int x, y; /* middle */
};

static void svg_text(FILE *f, int x, int y, const char *fill, const char *anchor, const char *s)
{
	fprintf(f, "<text x=\"%d\" y=\"%d\" fill=\"%s\" text-anchor=\"%s\" font-size=\"14\" font-family=\"monospace\">", x, y,
		fill, anchor);
	for (; *s; s++) {
		if (*s == '<' || *s == '>' || *s == '&')
			fprintf(f, "&#%d;", *s);
		else
			fputc(*s, f);
	}
	fputs("</text>\n", f);
}

static void box(FILE *f, const struct node *n)
{
	fprintf(f, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\" fill=\"#f4f4ff\" stroke=\"#557\"/>\n",
		n->x - BOX_W / 2, n->y - BOX_H / 2, BOX_W, BOX_H);
	svg_text(f, n->x, n->y + 5, "#000", "middle", n->label);
}

/* An arrow from the border of one box to that of another; bent where both are in one column. */
static void arrow(FILE *f, const struct node *a, const struct node *b, const char *kind)
{
	const char *color = *kind == 'r' ? "#c00" : *kind == 'c' ? "#00c" : *kind == 'f' ? "#c60" : "#888";
	int x1 = a->x, y1 = a->y, x2 = b->x, y2 = b->y, bend = 0;

	if (!strcmp(kind, "po")) {
		y1 += BOX_H / 2;
		y2 -= BOX_H / 2;
	} else if (a->x == b->x) {
		bend = 70;
		x1 += BOX_W / 2;
		x2 += BOX_W / 2;
	} else {
		x1 += a->x < b->x ? BOX_W / 2 : -BOX_W / 2;
		x2 += a->x < b->x ? -BOX_W / 2 : BOX_W / 2;
	}
	fprintf(f, "<path d=\"M%d %d Q%d %d %d %d\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" marker-end=\"url(#%c)\"/>\n",
		x1, y1, (x1 + x2) / 2 + bend, (y1 + y2) / 2, x2, y2, color, *kind);
	svg_text(f, x1 + (x2 - x1) / 3 + bend / 2 + 4, y1 + (y2 - y1) / 3 - 4, color, "start", kind);
}

static void marker(FILE *f, char id, const char *color)
{
	fprintf(f, "<marker id=\"%c\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" "
		"orient=\"auto\"><path d=\"M0 0 L10 5 L0 10 z\" fill=\"%s\"/></marker>\n", id, color);
}

void graph_svg(FILE *f, const char *dot)
{
	struct node *node = calloc(MAX_NODES, sizeof(*node));
	char *copy = strdup(dot), *save, kind[8];
	int column = -1, row = 0, rows = 0;
	unsigned a, b;

	for (unsigned pass = 0; node && copy && pass < 2; pass++) {
		strcpy(copy, dot);
		for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			if (pass && sscanf(line, " e%u -> e%u [label=\"%7[a-z]", &a, &b, kind) == 3) {
				if (a < MAX_NODES && b < MAX_NODES)
					arrow(f, &node[a], &node[b], kind);
			} else if (!pass && strstr(line, "subgraph")) {
				column++;
				row = 0;
			} else if (!pass && !strstr(line, "->") && sscanf(line, " e%u [label=", &a) == 1 && a < MAX_NODES &&
				   sscanf(line, " e%u [label=\"%63[^\"]", &a, node[a].label) == 2) {
				node[a].x = CELL_W / 2 + CELL_W * column;
				node[a].y = CELL_H + CELL_H * row++;
				rows = row > rows ? row : rows;
			}
		}
		if (pass)
			break;
		fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\"><defs>\n",
			(column + 1) * CELL_W + 60, (rows + 1) * CELL_H);
		marker(f, 'r', "#c00");
		marker(f, 'c', "#00c");
		marker(f, 'f', "#c60");
		marker(f, 'p', "#888");
		fputs("</defs>\n", f);
		for (int c = 0; c <= column; c++) {
			snprintf(kind, sizeof(kind), "P%d", c & 63);
			svg_text(f, CELL_W / 2 + CELL_W * c, 20, "#333", "middle", kind);
		}
	}
	for (unsigned k = 0; node && k < MAX_NODES; k++)
		if (node[k].label[0])
			box(f, &node[k]);
	fputs("</svg>\n", f);
	free(copy);
	free(node);
}
