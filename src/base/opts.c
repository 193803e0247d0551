/* See opts.h. */
#include "base/opts.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "base/bug.h"
#include "base/nearest.h"
#include "base/types.h"

struct opt {
	char *key, *value; /* value NULL: a bare word */
};

struct opts {
	char *what;
	struct opt *opt;
	unsigned n;
	char **asked; /* every key that a reader asked for */
	unsigned nasked;
};

static void *must(void *p)
{
	BUG_ON(!p);
	return p;
}

struct opts *opts_new(const char *what)
{
	struct opts *o = must(calloc(1, sizeof(*o)));

	o->what = must(strdup(what));
	return o;
}

static void add(struct opts *o, char *key, char *value)
{
	o->opt = must(realloc(o->opt, (o->n + 1) * sizeof(*o->opt)));
	o->opt[o->n++] = (struct opt){key, value};
}

void opts_set(struct opts *o, const char *key, const char *value)
{
	add(o, must(strdup(key)), must(strdup(value)));
}

void opts_free(struct opts *o)
{
	if (!o)
		return;
	for (unsigned k = 0; k < o->n; k++) {
		free(o->opt[k].key);
		free(o->opt[k].value);
	}
	for (unsigned k = 0; k < o->nasked; k++)
		free(o->asked[k]);
	free(o->opt);
	free(o->asked);
	free(o->what);
	free(o);
}

void opts_merge(struct opts *dst, struct opts *src)
{
	for (unsigned k = 0; k < src->n; k++)
		add(dst, src->opt[k].key, src->opt[k].value);
	src->n = 0;
	opts_free(src);
}

/* The text up to the next single comma, ",," becoming ","; *p moves behind the comma. */
static char *take_item(const char **p)
{
	char *out = must(malloc(strlen(*p) + 1)), *w = out;
	const char *s = *p;

	while (*s && !(s[0] == ',' && s[1] != ',')) {
		*w++ = *s;
		s += s[0] == ',' ? 2 : 1;
	}
	*w = 0;
	*p = *s ? s + 1 : s;
	return out;
}

struct opts *opts_parse(const char *what, const char *text, const char *implied, struct err *e)
{
	struct opts *o = opts_new(what);
	bool first = true;

	while (*text || (first && implied)) {
		const char *eq = strpbrk(text, "=,");
		char *key, *value = NULL;

		if (eq && *eq == '=') {
			key = must(strndup(text, (size_t)(eq - text)));
			text = eq + 1;
			value = take_item(&text);
		} else if (first && implied) {
			key = must(strdup(implied));
			value = take_item(&text);
		} else {
			key = take_item(&text);
		}
		add(o, key, value);
		first = false;
		if (!*key) {
			err_set(e, EXIT_USAGE, "%s: an option without a name before \"%s\"", what,
				value ? value : text);
			opts_free(o);
			return NULL;
		}
	}
	return o;
}

const char *opts_what(const struct opts *o) { return o->what; }

static void ask(struct opts *o, const char *key)
{
	for (unsigned k = 0; k < o->nasked; k++)
		if (!strcmp(o->asked[k], key))
			return;
	o->asked = must(realloc(o->asked, (o->nasked + 1) * sizeof(*o->asked)));
	o->asked[o->nasked++] = must(strdup(key));
}

static bool is_no(const struct opt *p, const char *key)
{
	return !p->value && !strncmp(p->key, "no", 2) && !strcmp(p->key + 2, key);
}

/* The last value of key; NULL if it is not there. */
static const char *find(const struct opts *o, const char *key)
{
	for (unsigned k = o->n; k--;) {
		const struct opt *p = &o->opt[k];

		if (!strcmp(p->key, key))
			return p->value ? p->value : "on";
		if (is_no(p, key))
			return "off";
	}
	return NULL;
}

bool opts_has(const struct opts *o, const char *key) { return find(o, key) != NULL; }

static bool says_help(const char *s) { return s && (!strcmp(s, "help") || !strcmp(s, "?")); }

bool opts_is_help(const struct opts *o)
{
	if (o->n && says_help(o->opt[0].value))
		return true;
	for (unsigned k = 0; k < o->n; k++)
		if (!o->opt[k].value && says_help(o->opt[k].key))
			return true;
	return false;
}

const char *opts_str(struct opts *o, const char *key, const char *def)
{
	const char *v = find(o, key);

	ask(o, key);
	return v ? v : def;
}

const char *opts_need(struct opts *o, const char *key, struct err *e)
{
	const char *v = opts_str(o, key, NULL);

	if (!v || !*v) {
		err_set(e, EXIT_USAGE, "%s: %s= is missing", o->what, key);
		return NULL;
	}
	return v;
}

const char *opts_each(struct opts *o, const char *key, unsigned *iter)
{
	ask(o, key);
	while (*iter < o->n) {
		const struct opt *p = &o->opt[(*iter)++];

		if (!strcmp(p->key, key))
			return p->value ? p->value : "on";
	}
	return NULL;
}

int parse_bool(const char *what, const char *text, bool *out, struct err *e)
{
	static const char *const yes[] = {"on", "yes", "true", "y"}, *const no[] = {"off", "no", "false", "n"};

	for (unsigned k = 0; k < ARRAY_SIZE(yes); k++)
		if (!strcmp(text, yes[k]) || !strcmp(text, no[k])) {
			*out = !strcmp(text, yes[k]);
			return 0;
		}
	return err_set(e, EXIT_USAGE, "%s: \"%s\" is neither on nor off", what, text);
}

int parse_u64(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *out, struct err *e)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno)
		return err_set(e, EXIT_USAGE, "%s: \"%s\" is not a number", what, text);
	if (v < min || v > max)
		return err_set(e, EXIT_USAGE, "%s: %s is not between %llu and %llu", what, text,
			       (unsigned long long)min, (unsigned long long)max);
	*out = v;
	return 0;
}

/* Multiplier of a size suffix, 0 if it is none. */
static uint64_t suffix(const char *s, uint64_t unit)
{
	static const char names[] = "bkmgtpe";
	const char *hit;

	if (!*s)
		return unit;
	hit = strchr(names, tolower((unsigned char)*s));
	/* K, KB and KiB all mean 1024, as everywhere in this field. */
	if (!hit || !(!s[1] || (hit != names && (!strcasecmp(s + 1, "b") || !strcasecmp(s + 1, "ib")))))
		return 0;
	return UINT64_C(1) << (10 * (hit - names));
}

int parse_size(const char *what, const char *text, uint64_t unit, uint64_t *out, struct err *e)
{
	unsigned long long whole;
	double frac = 0;
	uint64_t mul;
	char *end;
	u128 total;

	errno = 0;
	whole = strtoull(text, &end, !strncasecmp(text, "0x", 2) ? 16 : 10);
	if (*end == '.' && isdigit((unsigned char)end[1])) {
		uint64_t scale = 1;

		for (end++; isdigit((unsigned char)*end); end++)
			if (scale < UINT64_C(1000000000000)) {
				scale *= 10;
				frac = frac * 10 + (*end - '0');
			}
		frac /= (double)scale;
	}
	mul = suffix(end, unit);
	if (!isdigit((unsigned char)*text) || errno || !mul)
		return err_set(e, EXIT_USAGE, "%s: \"%s\" is not a size (as 512M or 4G)", what, text);
	total = (u128)whole * mul + (uint64_t)(frac * (double)mul);
	if (total >> 63)
		return err_set(e, EXIT_USAGE, "%s: %s is too large", what, text);
	*out = (uint64_t)total;
	return 0;
}

/* "-device: key" for messages. */
static const char *key_name(const struct opts *o, const char *key, char buf[128])
{
	snprintf(buf, 128, "%s: %s", o->what, key);
	return buf;
}

int opts_bool(struct opts *o, const char *key, bool *out, struct err *e)
{
	const char *v = opts_str(o, key, NULL);
	char buf[128];

	return v ? parse_bool(key_name(o, key, buf), v, out, e) : 0;
}

int opts_u64(struct opts *o, const char *key, uint64_t min, uint64_t max, uint64_t *out, struct err *e)
{
	const char *v = opts_str(o, key, NULL);
	char buf[128];

	return v ? parse_u64(key_name(o, key, buf), v, min, max, out, e) : 0;
}

int opts_size(struct opts *o, const char *key, uint64_t unit, uint64_t *out, struct err *e)
{
	const char *v = opts_str(o, key, NULL);
	char buf[128];

	return v ? parse_size(key_name(o, key, buf), v, unit, out, e) : 0;
}

int opts_enum(struct opts *o, const char *key, const char *const *names, unsigned *out, struct err *e)
{
	const char *v = opts_str(o, key, NULL);
	char all[400] = "";
	size_t n = 0;

	if (!v)
		return 0;
	for (unsigned k = 0; names[k]; k++) {
		if (!strcmp(v, names[k])) {
			*out = k;
			return 0;
		}
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", k ? ", " : "", names[k]);
		n = MIN(n, sizeof(all) - 1);
	}
	return err_set(e, EXIT_USAGE, "%s: %s=%s is not one of %s", o->what, key, v, all);
}

int opts_finish(const struct opts *o, struct err *e)
{
	for (unsigned k = 0; k < o->n; k++) {
		struct nearest n = nearest_begin(o->opt[k].key);
		bool known = false;

		for (unsigned j = 0; j < o->nasked; j++) {
			known |= !strcmp(o->asked[j], o->opt[k].key) || is_no(&o->opt[k], o->asked[j]);
			nearest_try(&n, o->asked[j]);
		}
		if (known)
			continue;
		if (nearest_get(&n))
			return err_set(e, EXIT_USAGE, "%s: unknown option \"%s\" (the nearest is \"%s\")", o->what,
				       o->opt[k].key, nearest_get(&n));
		return err_set(e, EXIT_USAGE, "%s: unknown option \"%s\"", o->what, o->opt[k].key);
	}
	return 0;
}

int opts_unique(struct opts *const *o, unsigned n, const char *key, struct err *e)
{
	for (unsigned k = 0; k < n; k++) {
		const char *mine = opts_has(o[k], key) ? opts_str(o[k], key, "") : NULL;

		for (unsigned j = 0; mine && j < k; j++)
			if (opts_has(o[j], key) && !strcmp(opts_str(o[j], key, ""), mine))
				return err_set(e, EXIT_USAGE, "%s: %s=%s is there twice", opts_what(o[k]), key, mine);
	}
	return 0;
}
