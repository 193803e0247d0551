/* See judge.h. */
#include "litmus/judge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

static void *must(void *p)
{
	if (!p)
		exit(EXIT_HOST);
	return p;
}

/* -- normal form -- */

static int cmp_str(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* "[x]=1" is "x=1". */
static void drop_brackets(char *item)
{
	char *close = strchr(item, ']');

	if (*item == '[' && close) {
		memmove(close, close + 1, strlen(close + 1) + 1);
		memmove(item, item + 1, strlen(item + 1) + 1);
	}
}

/* instr:"NOP" is NOP. */
static void short_nop(char *item)
{
	static const char quoted[] = "instr:\"NOP\"";

	for (char *p = item; (p = strstr(p, quoted)); p += 3) {
		memcpy(p, "NOP", 3);
		memmove(p + 3, p + sizeof(quoted) - 1, strlen(p + sizeof(quoted) - 1) + 1);
	}
}

/* What a fault is besides thread and label is told differently by different programs. */
static void short_fault(char *item)
{
	char *comma = strchr(item, ',');

	if ((!strncasecmp(item, "fault(", 6) || !strncasecmp(item, "~fault(", 7)) && comma)
		strcpy(comma, ")");
}

static char *normal(const char *s, size_t n)
{
	char *copy = must(strndup(s, n)), *out = must(calloc(1, n + 2)), *item[2 * LIT_MAX_ITEMS], *to = out;
	unsigned k = 0;

	for (char *save, *p = strtok_r(copy, ";", &save); p && k < ARRAY_SIZE(item); p = strtok_r(NULL, ";", &save)) {
		p += strspn(p, " \t");
		p[strcspn(p, "\r\n")] = 0;
		if (!*p)
			continue;
		drop_brackets(p);
		short_fault(p);
		short_nop(p);
		item[k++] = p;
	}
	if (k)
		qsort(item, k, sizeof(*item), cmp_str);
	for (unsigned i = 0; i < k; i++)
		to += sprintf(to, "%s;", item[i]);
	free(copy);
	return out;
}

/* -- allowed states -- */

void lit_allow_state(struct lit_allowed *a, const char *text, size_t len)
{
	if (a->n == a->cap) {
		a->cap = a->cap * 2 + 8;
		a->text = must(realloc(a->text, a->cap * sizeof(*a->text)));
		a->orig = must(realloc(a->orig, a->cap * sizeof(*a->orig)));
	}
	a->orig[a->n] = must(strndup(text, len));
	a->text[a->n++] = normal(text, len);
}

static int cmp_pair(const void *a, const void *b)
{
	return strcmp((*(char *const(*)[2])a)[0], (*(char *const(*)[2])b)[0]);
}

void lit_allow_sort(struct lit_allowed *a)
{
	char *(*pair)[2] = must(calloc(a->n + 1, sizeof(*pair)));

	for (unsigned i = 0; i < a->n; i++) {
		pair[i][0] = a->text[i];
		pair[i][1] = a->orig[i];
	}
	qsort(pair, a->n, sizeof(*pair), cmp_pair);
	for (unsigned i = 0; i < a->n; i++) {
		a->text[i] = pair[i][0];
		a->orig[i] = pair[i][1];
	}
	free(pair);
}

void lit_allow_outcome(struct lit_allowed *a, const struct lit_outcome *o)
{
	for (unsigned i = 0; i < o->nstates; i++)
		lit_allow_state(a, o->text[i], strlen(o->text[i]));
	a->cut = o->cut;
	lit_allow_sort(a);
}

void lit_allow_free(struct lit_allowed *a)
{
	for (unsigned i = 0; i < a->n; i++) {
		free(a->text[i]);
		free(a->orig[i]);
	}
	free(a->text);
	free(a->orig);
	*a = (struct lit_allowed){0};
}

static int find_allowed(const struct lit_allowed *a, const char *text)
{
	char *key = normal(text, strlen(text));
	char **hit = a->n ? bsearch(&key, a->text, a->n, sizeof(key), cmp_str) : NULL;

	free(key);
	return hit ? (int)(hit - a->text) : -1;
}

bool lit_is_allowed(const struct lit_model *m, const struct lit_allowed *a, const uint64_t *state)
{
	char buf[8192];

	if (m->t->filter && !lit_holds(m, m->t->filter, state))
		return true;
	lit_state_text(m, state, buf, sizeof(buf));
	return find_allowed(a, buf) >= 0;
}

/* -- the verdict -- */

static int cmp_seen(const void *a, const void *b)
{
	return strcmp(((const struct lit_seen *)a)->text, ((const struct lit_seen *)b)->text);
}

/* Distinct states as text, with counts. */
static void gather(const struct lit_model *m, const struct hist *h, struct lit_verdict *v)
{
	unsigned k = 0;

	v->seen = must(calloc(h->n + 1, sizeof(*v->seen)));
	for (unsigned i = 0; i < h->n; i++) {
		const uint64_t *s = hist_at(h, i);
		char buf[8192];

		if (m->t->filter && !lit_holds(m, m->t->filter, s))
			continue;
		lit_state_text(m, s, buf, sizeof(buf));
		v->seen[v->n++] = (struct lit_seen){must(strdup(buf)), h->count[i], lit_holds(m, m->t->prop, s), true};
	}
	if (v->n)
		qsort(v->seen, v->n, sizeof(*v->seen), cmp_seen);
	for (unsigned i = 0; i < v->n; i++) {
		if (k && !strcmp(v->seen[i].text, v->seen[k - 1].text)) {
			v->seen[k - 1].count += v->seen[i].count;
			free(v->seen[i].text);
		} else {
			v->seen[k++] = v->seen[i];
		}
	}
	v->n = k;
}

void lit_judge(const struct lit_model *m, const struct lit_result *r, const struct lit_allowed *a, struct lit_verdict *v)
{
	*v = (struct lit_verdict){0};
	gather(m, &r->hist, v);
	for (unsigned i = 0; i < v->n; i++) {
		struct lit_seen *s = &v->seen[i];

		*(s->good ? &v->pos : &v->neg) += s->count;
		s->allowed = !a || find_allowed(a, s->text) >= 0;
		v->nhit += a && s->allowed;
		if (!s->allowed) {
			v->nforbidden++;
			v->forbidden += s->count;
		}
	}
	v->nallowed = a ? a->n : 0;
	switch (m->t->quant) {
	case LIT_EXISTS: v->ok = v->pos > 0; break;
	case LIT_NOTEXISTS: v->ok = !v->pos; break;
	case LIT_FORALL:
	case LIT_NONE: v->ok = !v->neg; break;
	}
}

void lit_verdict_free(struct lit_verdict *v)
{
	for (unsigned i = 0; i < v->n; i++)
		free(v->seen[i].text);
	free(v->seen);
	*v = (struct lit_verdict){0};
}

/* -- the log -- */

void lit_log(FILE *f, const struct lit_model *m, const struct lit_verdict *v, const char *hash, double seconds)
{
	static const char *const kinds[] = {"Required", "Allowed", "Forbidden", "Required"};
	const struct lit_test *t = m->t;
	const char *obs = !v->pos ? "Never" : v->neg ? "Sometimes" : "Always";
	char prop[8192];

	lit_prop_text(t, prop, sizeof(prop));
	fprintf(f, "Test %s %s\nHistogram (%u states)\n", t->name, kinds[t->quant], v->n);
	for (unsigned i = 0; i < v->n; i++)
		fprintf(f, "%-6" PRIu64 "%c>%s\n", v->seen[i].count, v->seen[i].good ? '*' : ':', v->seen[i].text);
	fprintf(f, "%s\n\nWitnesses\nPositive: %" PRIu64 ", Negative: %" PRIu64 "\nCondition %s is %svalidated\n",
		v->ok ? "Ok" : "No", v->pos, v->neg, prop, v->ok ? "" : "NOT ");
	if (hash)
		fprintf(f, "Hash=%s\n", hash);
	fprintf(f, "Observation %s %s %" PRIu64 " %" PRIu64 "\nTime %s %.2f\n\n", t->name, obs, v->pos, v->neg, t->name,
		seconds);
}
