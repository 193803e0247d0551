/*
 * The picture of parma scale by gnuplot: what scale_svg.c draws, as a script
 * with the data in it, for those who want PNG.  gnuplot is a child that dies with
 * us; it reads the script and writes the picture in our temporary folder, from
 * where the picture goes to its place whole or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/outfile.h"
#include "cli/scale.h"
#include "cli/scale_signal.h"

#define ROW_PX 330u
#define WIDTH_PX 1500u

bool scale_has_gnuplot(void)
{
	const char *path = getenv("PATH");
	char *copy = strdup(path ? path : "/usr/bin:/bin"), *save = NULL, file[4096];
	bool yes = false;

	for (char *d = copy ? strtok_r(copy, ":", &save) : NULL; d && !yes; d = strtok_r(NULL, ":", &save)) {
		snprintf(file, sizeof(file), "%s/gnuplot", d);
		yes = !access(file, X_OK);
	}
	free(copy);
	return yes;
}

/* Text in gnuplot's double quotes. */
static void quoted(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', f);
		if ((unsigned char)*s >= ' ')
			fputc(*s, f);
	}
	fputc('"', f);
}

static void data_blocks(const struct scale_data *d, unsigned w, const struct point *p, FILE *f)
{
	fprintf(f, "$curve%u << EOD\n", w);
	for (unsigned k = 0; k < d->npoints; k++)
		if (p[k].rounds)
			fprintf(f, "%u %g %g %s %g\n", p[k].n, p[k].speed.mean, p[k].speed.half > 0 ? p[k].speed.half : 0,
				p[k].qemu_speed.mean > 0 ? "1" : "NaN", p[k].qemu_speed.mean);
	fprintf(f, "EOD\n$causes%u << EOD\nvCPUs", w);
	for (unsigned c = 0; c < CAUSE_COUNT; c++)
		fprintf(f, " %s", cause_info[c].name);
	fputc('\n', f);
	for (unsigned k = 0; k < d->npoints; k++) {
		fprintf(f, "%u", p[k].n);
		for (unsigned c = 0; c < CAUSE_COUNT; c++)
			fprintf(f, " %.2f", 100 * p[k].cause[c]);
		fputc('\n', f);
	}
	fputs("EOD\n", f);
}

static void plot_curve(const struct scale_data *d, unsigned w, const struct point *p, const struct law *a, const struct law *u, FILE *f)
{
	unsigned last = d->vcpus[d->npoints - 1];
	double top = d->host_cpus < last ? d->host_cpus : last; /* intervals may be wider */

	for (unsigned k = 0; k < d->npoints; k++)
		top = p[k].speed.mean > top ? p[k].speed.mean : top;
	top = d->model > top ? d->model : top;
	fprintf(f, "set title \"%s\" noenhanced\nset xlabel \"vCPUs\"\nset ylabel \"speed-up\"\nset key inside left top Left reverse noinvert\n"
		   "set xrange [0:%g]\nset yrange [0:%g]\nset style data lines\nunset xtics\nset xtics (",
		d->work[w].name, (last > d->model ? last : d->model) + 0.3, 1.25 * top);
	for (unsigned k = 0; k < d->npoints; k++)
		fprintf(f, "%s%u", k ? "," : "", d->vcpus[k]);
	fprintf(f, ")\namdahl(x) = x / (1 + %.9g * (x - 1))\nusl(x) = x / (1 + %.9g * (x - 1) + %.9g * x * (x - 1))\n", a->sigma, u->sigma,
		u->kappa);
	/* The laws begin at 1 vCPU. */
	fprintf(f, "plot x < %g ? x : NaN title \"ideal\" dt 2 lc rgb \"#888888\", [x=1:*] amdahl(x) title \"Amdahl\" dt 3 lc rgb \"#7b3294\", ",
		d->host_cpus + 0.05);
	if (d->npoints > 2)
		fputs("[x=1:*] usl(x) title \"USL\" dt 4 lc rgb \"#2ca25f\", ", f);
	if (d->with_qemu)
		fprintf(f, "$curve%u using 1:($4*$5) with linespoints title \"QEMU\" pt 4 lc rgb \"#d95f0e\", ", w);
	fprintf(f, "$curve%u using 1:2:3 with yerrorlines title \"parma, 95%% interval\" pt 7 lw 1.5 lc rgb \"#08519c\"\n", w);
}

static void plot_causes(unsigned w, FILE *f)
{
	fprintf(f, "set title \"%s\"\nset ylabel \"%% of the vCPUs' time\"\nset key outside right top invert\nset yrange [0:100]\nset xrange [*:*]\n"
		   "set style data histograms\nset style histogram rowstacked\nset style fill solid\nset boxwidth 0.6\nunset xtics\nset xtics\n"
		   "plot",
		"where it went");
	for (unsigned c = 0; c < CAUSE_COUNT; c++)
		fprintf(f, "%s $causes%u using %u:xtic(1) title \"%s\" lc rgb \"%s\"", c ? "," : "", w, c + 2, cause_info[c].name,
			scale_colour[c]);
	fputc('\n', f);
}

char *scale_plot(const struct scale_data *d)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	/* The file names are gnuplot's arguments: ARG1 the picture. */
	fprintf(f, "if (strstrt(GPVAL_TERMINALS, \"pngcairo\")) { set terminal pngcairo size %u,%u } else { set terminal png size %u,%u }\n"
		   "set output ARG1\nset multiplot layout %u,2 title ",
		WIDTH_PX, ROW_PX * d->nmain + 40, WIDTH_PX, ROW_PX * d->nmain + 40, d->nmain);
	quoted(f, d->how);
	fputs(" noenhanced\n", f);
	for (unsigned w = 0; w < d->nmain; w++) {
		struct point p[SCALE_POINTS];
		struct law a, u;

		scale_summarize(d, &d->work[w], p);
		scale_fit(p, d->npoints, &a, &u);
		data_blocks(d, w, p, f);
		plot_curve(d, w, p, &a, &u, f);
		plot_causes(w, f);
	}
	fputs("unset multiplot\nunset output\n", f);
	fclose(f);
	return text;
}

/* Runs gnuplot on the script; what it complains of goes to `log`. */
static int run_gnuplot(const char *script, const char *png, const char *log, struct err *e)
{
	pid_t parent = getpid(), child = fork();
	int status;

	if (child < 0)
		return err_set(e, EXIT_HOST, "cannot start another process: %s", strerror(errno));
	if (!child) {
		int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600), null = open("/dev/null", O_RDONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		setpgid(0, 0);
		dup2(null, 0);
		dup2(out < 0 ? null : out, 1);
		dup2(out < 0 ? null : out, 2);
		execlp("gnuplot", "gnuplot", "-c", script, png, (char *)NULL);
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		if (scale_signal())
			kill(child, SIGKILL);
	if (scale_signal())
		return err_set(e, 128 + scale_signal(), "stopped by signal %d; the picture was not written", scale_signal());
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(e, EXIT_HOST, "gnuplot failed (status %d); --svg needs none", WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	return 0;
}

static void *read_whole(const char *path, size_t *size, struct err *e)
{
	FILE *f = fopen(path, "r"), *to;
	char *data = NULL, buf[65536];
	size_t n;

	if (!f || !(to = open_memstream(&data, size))) {
		if (f)
			fclose(f);
		err_set(e, EXIT_HOST, "gnuplot made no picture");
		return NULL;
	}
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		fwrite(buf, 1, n, to);
	fclose(f);
	fclose(to);
	return data;
}

void *scale_png(const struct scale_data *d, const char *dir, size_t *size, struct err *e)
{
	char script[256], png[256], log[256], *text = scale_plot(d);
	int rc;

	snprintf(script, sizeof(script), "%s/plot", dir);
	snprintf(png, sizeof(png), "%s/png", dir);
	snprintf(log, sizeof(log), "%s/plot.log", dir);
	rc = text ? outfile_write(script, text, strlen(text), e) || run_gnuplot(script, png, log, e) : err_set(e, EXIT_HOST, "no memory");
	free(text);
	return rc ? NULL : read_whole(png, size, e);
}
