/*
 * Semihosting as the command line asks for it: who may call, what its command
 * line says, and where its output goes.
 *
 * As in QEMU, the debug channel (SYS_WRITEC, SYS_WRITE0) goes to chardev= or to
 * standard error, and ":tt" is standard output or standard error.  Where
 * standard output is the serial port's, that takes the channel and ":tt", so that
 * both kinds of text come out in order.
 *
 * The writer runs on the calling vCPU's thread; the rest is set-up.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/clock.h"
#include "machine/machine_priv.h"

bool machine_has_semihosting(const struct machine *m)
{
	return m->cfg->semihosting || !(m->cfg->kernel || m->firmware);
}

bool machine_semihosting_el0(const struct machine *m) { return m->cfg->semihosting_el0; }

static void write_fd(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EAGAIN) {
			struct pollfd wait = {.fd = fd, .events = POLLOUT};

			poll(&wait, 1, 1000);
		} else if (done < 0 && errno != EINTR) {
			return; /* nobody reads it */
		} else if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
}

static void write_chardev(struct chardev *c, const char *p, size_t n)
{
	while (n) {
		size_t done = chardev_write(c, p, n);

		p += done;
		n -= done;
		if (!done)
			cpu_relax();
	}
}

static void on_write(void *arg, enum semihost_stream to, const void *buf, size_t n)
{
	struct machine *m = arg;
	struct chardev *c = to == SEMIHOST_CONSOLE ? m->semihost_console : NULL;

	if (!c && to == SEMIHOST_STDOUT && m->serial0 && chardev_is_stdio(m->serial0))
		c = m->serial0;
	if (c)
		write_chardev(c, buf, n);
	else
		write_fd(to == SEMIHOST_STDOUT ? STDOUT_FILENO : STDERR_FILENO, buf, n);
}

static void on_exit_call(void *arg, struct vcpu *c, int status)
{
	(void)arg;
	c->mops->system_off(c, status);
}

/* The words of arg=, or the kernel's name and what -append says. */
static char *command_line(const struct machine *m)
{
	struct opts *o = m->cfg->semihosting_config;
	const char *word, *append = m->cfg->append;
	char *text = NULL;
	size_t size = 0;
	unsigned iter = 0;
	FILE *f = open_memstream(&text, &size);

	BUG_ON(!f);
	while (o && (word = opts_each(o, "arg", &iter)))
		fprintf(f, "%s%s", ftell(f) ? " " : "", word);
	if (!ftell(f))
		fprintf(f, "%s%s%s", m->cfg->kernel ? m->cfg->kernel : "", m->cfg->kernel && append ? " " : "", append ? append : "");
	fclose(f);
	return text;
}

int machine_start_semihosting(struct machine *m, struct err *e)
{
	const char *id = m->cfg->semihosting_config ? opts_str(m->cfg->semihosting_config, "chardev", NULL) : NULL;
	char *text = command_line(m);

	machine_add_part(m, text, NULL, free);
	m->semihost = (struct semihost){on_write, on_exit_call, m, text, m->ram.base, m->ram.size, clock_ns()};
	if (id) {
		m->semihost_console = machine_chardev(m, "-semihosting-config", id, e);
		return m->semihost_console ? 0 : -1;
	}
	if (m->serial0 && (chardev_is_stdio(m->serial0) || !m->cfg->semihosting))
		m->semihost_console = m->serial0;
	return 0;
}
