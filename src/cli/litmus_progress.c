/* Progress of parma litmus on a terminal: one line on stderr, ten times a second at most. */
#include "cli/litmus_priv.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

void litmus_progress_begin(struct litmus_progress *p, const struct litmus_options *o, unsigned all)
{
	*p = (struct litmus_progress){.suite = &o->suite, .all = all, .start_ns = clock_ns()};
	/* A log on the same terminal is progress enough. */
	p->on = isatty(STDERR_FILENO) && (o->out == OUT_QUIET || !isatty(STDOUT_FILENO));
}

void litmus_progress_step(struct litmus_progress *p, const char *name)
{
	uint64_t now = clock_ns();
	struct lit_totals t;
	double spent, left;

	p->through++;
	if (!p->on || (now - p->shown_ns < 100000000 && p->through < p->all))
		return;
	p->shown_ns = now;
	t = lit_suite_totals(p->suite);
	spent = 1e-9 * (double)(now - p->start_ns);
	left = p->all > p->through ? spent / p->through * (p->all - p->through) : 0;
	fprintf(stderr, "\r[%u/%u] %.3g million trials, %.3g million/s, %u forbidden, %.0f s left  %.40s\033[K", p->through, p->all,
		1e-6 * (double)t.trials, 1e-6 * (double)t.trials / spent, t.count[LIT_FORBIDDEN], left, name ? name : "");
}

void litmus_progress_end(struct litmus_progress *p)
{
	if (p->on)
		fputs("\r\033[K", stderr);
}
