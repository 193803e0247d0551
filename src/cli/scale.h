/*
 * parma scale, shared by its files: what is measured (cmd_scale.c,
 * scale_run.c) and how it is shown (scale_report.c, scale_svg.c).
 *
 * One boot (`struct boot_plan`) runs a guest of n vCPUs with all workloads, and
 * gives a sample for each.  Boots of one round differ in n only, and rounds
 * follow each other, so that what else the host does hits all sizes alike.
 * With --hotplug one boot does all rounds, and CPUs go off and on in it.
 */
#ifndef PARMA_CLI_SCALE_H
#define PARMA_CLI_SCALE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "cli/scale_fit.h"
#include "sched/account.h"

#define SCALE_POINTS 32
#define SCALE_ROUNDS 64
#define SCALE_WORKS 48 /* variants included */

/* One workload in one boot. */
struct sample {
	bool there;
	double rate;                 /* operations per second; of a command: 1 / seconds */
	double least, most;          /* operations of the slowest and fastest CPU; 0: not known */
	double cause[CAUSE_COUNT];   /* share of the vCPUs' wall time; sum 1, or 0: not known */
	double fences, retries;      /* a second, of all vCPUs: full fences executed, store-exclusives that failed */
};

struct boot_plan {
	unsigned vcpus;
	char *const *boot_args;      /* of the user, NULL-terminated */
	const char *workloads;       /* for the built-in guest: its command line; NULL: `script` on Linux */
	const char *script;          /* shell text that the Linux guest runs */
	const char *kernel, *initrd; /* files; NULL: in boot_args */
	bool qemu;                   /* qemu-system-aarch64 instead of parma */
	unsigned timeout_s;
	const char *dir;             /* for temporary files */
	/* What the guest tells: each workload that ended; that it goes on with so many CPUs (--hotplug). */
	void (*found)(void *arg, const char *work, const struct sample *s);
	void (*sized)(void *arg, unsigned vcpus);
	void *arg;
};

/*
 * Runs it. The exit code for parma: 0, or with e filled:
 * EXIT_GUEST the guest or the command failed, EXIT_HOST it could not be started; 128 + N: signal N came.
 */
int scale_boot(const struct boot_plan *p, struct err *e);

/* Everything that was measured: all rounds of all points. */
struct scale_work {
	char name[24];
	struct sample sample[SCALE_ROUNDS][SCALE_POINTS], qemu[SCALE_ROUNDS][SCALE_POINTS];
};
struct scale_data {
	unsigned npoints, nrounds, nworks;
	unsigned nmain;              /* the first of them; the others are variants of these, for scale_explain() */
	unsigned vcpus[SCALE_POINTS];
	struct scale_work work[SCALE_WORKS];
	bool with_qemu;
	bool command;                /* rates are 1 / seconds */
	unsigned host_cpus;
	unsigned model;              /* the laws are drawn and told up to here; 0: not */
	char how[512];               /* the command line */
};

/* One point of one workload, all rounds together. Speed-ups are against the smallest point of the same round. */
struct point {
	unsigned n;
	unsigned rounds;             /* that there are; 0: nothing is known */
	struct estimate rate, speed, qemu_rate, qemu_speed;
	double efficiency;
	double fairness;             /* least / most, mean; 0: not known */
	double cause[CAUSE_COUNT];
	double fences, retries;      /* a second */
	double guest_share;          /* of wall time in guest code */
	double per_guest_s;          /* work per second of guest code, relative to the smallest point */
};
/* Fills out[npoints]. */
void scale_summarize(const struct scale_data *d, const struct scale_work *w, struct point *out);
/* The laws over the points that are there. */
void scale_fit(const struct point *p, unsigned k, struct law *amdahl, struct law *usl);

/* -- why (scale_explain.c) -- */

/* A variant of a workload, "WORK.VARIANT", that tells whether the cause that we think of is the one. */
struct experiment {
	const char *work, *variant;
	bool takes_away;             /* the cause is gone: so must the loss be; false: only the cause is left: the loss must stay */
	const char *cause, *what;    /* for people */
};
/* The k-th of a workload, NULL: no more; one by its name. */
const struct experiment *scale_experiment(const char *work, unsigned k);
const struct experiment *scale_experiment_named(const char *name);

#define EXPERIMENTS 4
enum verdict { VERDICT_NO, VERDICT_UNSURE, VERDICT_YES };
struct explanation {
	unsigned vcpus;              /* the size that is judged */
	struct estimate speed;
	bool no_loss;                /* nothing to explain */
	unsigned n;
	struct outcome {
		const struct experiment *x;
		struct estimate speed;
		double share;        /* of the loss: that is gone, or stays */
		enum verdict verdict;
	} outcome[EXPERIMENTS];
};
/* False: no experiments were made, or no size can be judged. */
bool scale_explain(const struct scale_data *d, const struct scale_work *w, struct explanation *out);
void scale_print_experiments(const struct scale_data *d, const struct scale_work *w, FILE *f);
/* NULL: nothing to say. */
json_t *scale_explain_json(const struct scale_data *d, const struct scale_work *w);

void scale_print(const struct scale_data *d, FILE *f);
/* The whole report as text, to be freed; NULL: no memory. */
char *scale_csv(const struct scale_data *d);
char *scale_json(const struct scale_data *d);
char *scale_svg(const struct scale_data *d);
/* The same chart by gnuplot, as its script; and what gnuplot makes of it, *size bytes. NULL with e filled. */
char *scale_plot(const struct scale_data *d);
void *scale_png(const struct scale_data *d, const char *dir, size_t *size, struct err *e);
/* Of each cause, "#rrggbb". */
extern const char *const scale_colour[CAUSE_COUNT];
/* Is there a gnuplot? */
bool scale_has_gnuplot(void);

#endif
