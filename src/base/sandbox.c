/*
 * See sandbox.h; the rules are in sandbox.def.  The filter is a classic BPF
 * program over struct seccomp_data (seccomp(2)): for each call, in the order
 * of the table, "is it this number? then test the argument"; the kernel keeps a
 * bitmap of the calls that are allowed whatever their arguments, so those cost nothing.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/bug.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* names for anonymous memory; the C library's threads use it */
#endif

enum when { ALWAYS, LISTEN, NET, BIND };
enum test { ANY, EQ, NONE_OF, ALL_OF, SOCK };

struct rule {
	int call;
	enum when when;
	unsigned arg;
	enum test test;
	uint32_t value;
};

#define MAX_INSNS 1024
struct prog {
	struct sock_filter insn[MAX_INSNS];
	unsigned n;
};

static bool active; /* ATOMIC(release: sandbox_enter, acquire: sandbox_active) */

/* The counters' run-time library, where it is linked: it writes files at the end. */
extern void __gcov_dump(void) __attribute__((weak));

static bool has_tools(void)
{
#ifdef PARMA_SANITIZE
	return true;
#else
	return __gcov_dump != NULL;
#endif
}

static void put(struct prog *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	BUG_ON(p->n == MAX_INSNS);
	p->insn[p->n++] = (struct sock_filter)BPF_JUMP(code, k, yes, no);
}

static void load(struct prog *p, size_t offset) { put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }
static void end(struct prog *p, uint32_t action) { put(p, BPF_RET | BPF_K, action, 0, 0); }
static void arg(struct prog *p, unsigned k) { load(p, offsetof(struct seccomp_data, args) + 8 * k); }

/* Ends with "allowed" if the rule's test passes, else falls through. */
static void put_rule(struct prog *p, const struct rule *r)
{
	if (r->test != ANY)
		arg(p, r->arg);
	switch (r->test) {
	case ANY:
		break;
	case EQ:
		put(p, BPF_JMP | BPF_JEQ | BPF_K, r->value, 0, 1);
		break;
	case NONE_OF:
		put(p, BPF_JMP | BPF_JSET | BPF_K, r->value, 1, 0);
		break;
	case ALL_OF:
		put(p, BPF_ALU | BPF_AND | BPF_K, r->value, 0, 0);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, r->value, 0, 1);
		break;
	case SOCK:
		put(p, BPF_JMP | BPF_JEQ | BPF_K, r->value, 0, 5);
		arg(p, 1);
		put(p, BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 1, 0);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, SOCK_DGRAM, 0, 1);
		break;
	}
	end(p, SECCOMP_RET_ALLOW);
}

/* The rows of one call; the number is loaded, before and (if it is another call) after. */
static void put_call(struct prog *p, const struct rule *r, unsigned n, uint32_t otherwise)
{
	unsigned at = p->n;

	put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->call, 0, 0);
	for (unsigned k = 0; k < n; k++)
		put_rule(p, &r[k]);
	if (r[n - 1].test != ANY)
		end(p, otherwise);
	BUG_ON(p->n - at - 1 > 255);
	p->insn[at].jf = (uint8_t)(p->n - at - 1);
}

static void put_fatal(struct prog *p, int call)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1);
	end(p, SECCOMP_RET_KILL_PROCESS);
}

static bool wanted(const struct rule *r, const struct sandbox_needs *need)
{
	switch (r->when) {
	case ALWAYS: return true;
	case LISTEN: return need->listen || need->net;
	case NET: return need->net;
	case BIND: return need->bind;
	}
	return false;
}

/* Refused for everybody, and not by an error that stops the C library: it falls back to clone(2), whose flags can be seen. */
static void put_clone3(struct prog *p)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
	end(p, SECCOMP_RET_ERRNO | ENOSYS);
}

static void put_head(struct prog *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	end(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
	put(p, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); /* the x32 calls */
	end(p, SECCOMP_RET_KILL_PROCESS);
}

static void build(struct prog *p, const struct sandbox_needs *need)
{
	const struct rule rules[] = {
#define RULE(call, when, arg, test, value) {SYS_##call, when, arg, test, value},
#define FATAL(call)
#include "base/sandbox.def"
#undef FATAL
#undef RULE
	};

	put_head(p);
	for (unsigned k = 0, n; k < ARRAY_SIZE(rules); k += n) {
		for (n = 1; k + n < ARRAY_SIZE(rules) && rules[k + n].call == rules[k].call;)
			n++;
		if (wanted(&rules[k], need))
			put_call(p, &rules[k], n, SECCOMP_RET_ERRNO | EPERM);
	}
	put_clone3(p);
#define RULE(call, when, arg, test, value)
#define FATAL(call) put_fatal(p, SYS_##call);
#include "base/sandbox.def"
#undef FATAL
#undef RULE
	end(p, SECCOMP_RET_ERRNO | EPERM);
}

/* For builds whose run-time library needs much. */
static void build_wide(struct prog *p)
{
	static const int never[] = {SYS_setuid, SYS_setgid, SYS_setgroups, SYS_mount, SYS_init_module, SYS_finit_module,
				    SYS_kexec_load, SYS_reboot, SYS_bpf, SYS_unshare, SYS_setns, SYS_chroot};

	put_head(p);
	for (unsigned k = 0; k < ARRAY_SIZE(never); k++)
		put_fatal(p, never[k]);
	end(p, SECCOMP_RET_ALLOW);
}

int sandbox_enter(const struct sandbox_needs *need, struct err *e)
{
	struct prog p = {.n = 0};
	struct sock_fprog f = {.filter = p.insn};

	if (has_tools())
		build_wide(&p);
	else
		build(&p, need);
	f.len = (unsigned short)p.n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_set(e, EXIT_HOST, "no sandbox on this host: prctl: %s", strerror(errno));
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &f))
		return err_set(e, EXIT_HOST, "no sandbox on this host: seccomp: %s", strerror(errno));
	st_rel(&active, true);
	return 0;
}

bool sandbox_active(void) { return ld_acq(&active); }
