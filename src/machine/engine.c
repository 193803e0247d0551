/*
 * What -cpu and -accel say about the vCPUs and the engine that runs them.
 * Set-up, on the main thread.
 */
#include <stddef.h>
#include <string.h>

#include "a64/cpumodel.h"
#include "base/bits.h"
#include "base/log.h"
#include "base/passes.h"
#include "machine/machine_priv.h"
#include "x64/cpu.h"
#include "xlate/jit.h"
#include "xlate/xlate.h"

/* -- -cpu MODEL,KEY=on|off -- */

enum key_effect { KEY_ABSENT, KEY_ALWAYS, KEY_DROPS, KEY_NONE };

static const struct cpu_key {
	const char *name;
	enum key_effect effect;
	enum feat feat;
} cpu_keys[] = {
	{"pmu", KEY_DROPS, FEAT_PMUv3},
	{"aarch64", KEY_ALWAYS, FEAT_NONE},
	{"pauth", KEY_ABSENT, FEAT_NONE},
	{"sve", KEY_ABSENT, FEAT_NONE},
	{"sme", KEY_ABSENT, FEAT_NONE},
	{"mte", KEY_ABSENT, FEAT_NONE},
	{"lpa2", KEY_ABSENT, FEAT_NONE},
	{"rme", KEY_ABSENT, FEAT_NONE},
	{"x-rme", KEY_ABSENT, FEAT_NONE},
	{"pauth-impdef", KEY_NONE, FEAT_NONE}, /* which algorithm pointer authentication has where there is some */
};

static int apply_cpu_key(struct cpu_model *m, struct opts *o, const struct cpu_key *k, struct err *e)
{
	bool on = k->effect != KEY_ABSENT;

	if (opts_bool(o, k->name, &on, e))
		return -1;
	if ((k->effect == KEY_ABSENT && on) || (k->effect == KEY_ALWAYS && !on))
		return err_set(e, EXIT_USAGE, "-cpu: %s=%s is not possible here", k->name, on ? "on" : "off");
	if (k->effect == KEY_DROPS && !on)
		cpu_model_drop(m, k->feat);
	return 0;
}

int machine_choose_cpu(struct machine *m, struct err *e)
{
	const struct cpu_model *model = cpu_model_find(m->cfg->cpu);
	struct opts *o = m->cfg->cpu_props;

	if (!model)
		return err_set(e, EXIT_USAGE, "-cpu %s: unknown CPU model (-cpu help lists them)", m->cfg->cpu);
	m->model = *model;
	for (unsigned k = 0; o && k < ARRAY_SIZE(cpu_keys); k++)
		if (apply_cpu_key(&m->model, o, &cpu_keys[k], e))
			return -1;
	return o ? opts_finish(o, e) : 0;
}

void machine_list_cpus(FILE *f) { cpu_model_list(f); }

void machine_list_cpu_keys(FILE *f)
{
	static const char *const what[] = {
		[KEY_ABSENT] = "off (there is none)", [KEY_ALWAYS] = "on", [KEY_DROPS] = "on|off", [KEY_NONE] = "on|off (without effect)"};

	for (unsigned k = 0; k < ARRAY_SIZE(cpu_keys); k++)
		fprintf(f, "  %s=%s\n", cpu_keys[k].name, what[cpu_keys[k].effect]);
}

/* -- -accel ENGINE,KEY=VALUE: the keys of all engines; those of another one than runs are checked and have no effect -- */

enum key_type { KEY_U64, KEY_BOOL, KEY_TEXT };

static const struct accel_key {
	const char *name;
	enum key_type type;
	size_t offset; /* in struct accel_config; NOWHERE: what other emulators' users give */
	uint64_t min, max;
} accel_keys[] = {
#define NOWHERE SIZE_MAX
#define AT(field) offsetof(struct accel_config, field)
	{"accel", KEY_TEXT, NOWHERE, 0, 0}, /* the engine's name, which the command line has looked at */
	{"tb-size", KEY_U64, AT(tb_mib), 1, 1024},
	{"hot", KEY_U64, AT(hot), 0, JIT_HOT_MAX},
	{"profile", KEY_BOOL, AT(profile), 0, 0},
	{"host-cpu", KEY_TEXT, AT(host_cpu), 0, 0},
	{"check", KEY_U64, AT(check), 1, UINT32_MAX},
	{"thread", KEY_TEXT, NOWHERE, 0, 0},
	{"split-wx", KEY_BOOL, NOWHERE, 0, 0},
	{"one-insn-per-tb", KEY_BOOL, NOWHERE, 0, 0},
#undef AT
};

static int parse_key(struct opts *o, const struct accel_key *k, struct accel_config *a, struct err *e)
{
	union {
		uint64_t n;
		bool b;
		const char *text;
	} nowhere;
	void *at = k->offset == NOWHERE ? (void *)&nowhere : (char *)a + k->offset;

	switch (k->type) {
	case KEY_U64: return opts_u64(o, k->name, k->min, k->max, at, e);
	case KEY_BOOL: return opts_bool(o, k->name, at, e);
	case KEY_TEXT: *(const char **)at = opts_str(o, k->name, NULL); break;
	}
	return 0;
}

int accel_parse(struct opts *o, struct accel_config *a, struct err *e)
{
	*a = (struct accel_config){.hot = JIT_HOT_DEFAULT};
	if (!o)
		return 0;
	for (unsigned k = 0; k < ARRAY_SIZE(accel_keys); k++)
		if (parse_key(o, &accel_keys[k], a, e))
			return -1;
	for (unsigned k = 0; k < PASS_COUNT; k++) {
		bool on = true;

		if (opts_bool(o, pass_names[k], &on, e))
			return -1;
		a->passes_off |= on ? 0 : 1u << k;
	}
	return opts_finish(o, e);
}

int accel_limit_host(const struct accel_config *a, struct err *e)
{
	uint32_t mask;

	if (!a->host_cpu)
		return 0;
	if (x64_cpu_parse(a->host_cpu, &mask, e))
		return err_prefix(e, "-accel");
	x64_cpu_mask(mask);
	return 0;
}

int accel_start_jit(const struct accel_config *a, bool all, struct err *e)
{
	passes_off |= a->passes_off;
	xlate_profile = a->profile;
	/* Who looks at translations, or compares them, wants all. */
	jit_hot = all || log_on(LOG_IN_ASM | LOG_IR | LOG_OPT | LOG_OUT_ASM) ? 0 : (unsigned)a->hot;
	return jit_init((size_t)a->tb_mib << 20, e);
}
