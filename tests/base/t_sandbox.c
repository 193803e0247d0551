/*
 * The sandbox, tried out: each forbidden call by a child that has closed it,
 * then each allowed one; by a thread that was there before as well.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/sandbox.h"
#include "tests/tap.h"

static char dir[] = "/tmp/t_sandbox.XXXXXX", path[64], other[64];
static int fd, listener;

/* What a call may do: succeed, fail with EPERM, or end the process. */
enum { DONE = 1, REFUSED, ENDED, ODD };
#define R(call) ((call) == -1 ? (errno == EPERM ? REFUSED : ODD) : DONE)

static int try_execve(void)
{
	char *argv[] = {(char[]){"true"}, NULL};

	return R(execve("/bin/true", argv, argv));
}
static int try_fork(void)
{
	long pid = syscall(SYS_fork);

	if (!pid)
		_exit(DONE);
	return R(pid);
}
static int try_clone_process(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		_exit(DONE);
	return R(pid);
}
static int try_clone3(void) { return syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS ? REFUSED : ODD; }
static int try_ptrace(void) { return R(ptrace(PTRACE_TRACEME, 0, NULL, NULL)); }
static int try_vm_write(void) { return R(syscall(SYS_process_vm_writev, getpid(), NULL, 0, NULL, 0, 0)); }
static int try_bpf(void) { return R(syscall(SYS_bpf, 0, NULL, 0)); }
static int try_mount(void) { return R(syscall(SYS_mount, "a", "/", "tmpfs", 0, NULL)); }
static int try_unshare(void) { return R(syscall(SYS_unshare, 0)); }
static int try_setuid(void) { return R(syscall(SYS_setuid, getuid())); }
static int try_seccomp(void) { return R(syscall(SYS_seccomp, 0, 0, NULL)); }
static int try_x32(void) { return R(syscall(0x40000000 + SYS_getpid)); }
static int try_i386(void)
{
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(20L /* getpid */) : "memory");
	return rc == -ENOSYS ? ENDED : DONE; /* a kernel without such calls is as good */
}
static int try_open_write(void) { return R(open(path, O_WRONLY)); }
static int try_open_rw(void) { return R(open(path, O_RDWR)); }
static int try_create(void) { return R(open(other, O_RDONLY | O_CREAT, 0600)); }
static int try_truncate(void) { return R(open(path, O_RDONLY | O_TRUNC)); }
static int try_tmpfile(void) { return R(open(dir, O_TMPFILE | O_RDWR, 0600)); }
static int try_open_read(void) { return R(open(path, O_RDONLY)); }
static int try_openat2(void) { return R(syscall(SYS_openat2, AT_FDCWD, path, NULL, 0)); }
static int try_creat(void) { return R(syscall(SYS_creat, other, 0600)); }
static int try_unlink(void) { return R(unlink(path)); }
static int try_rename(void) { return R(rename(path, other)); }
static int try_link(void) { return R(link(path, other)); }
static int try_symlink(void) { return R(symlink(path, other)); }
static int try_mkdir(void) { return R(mkdir(other, 0700)); }
static int try_chmod(void) { return R(chmod(path, 0777)); }
static int try_fchmod(void) { return R(fchmod(fd, 0777)); }
static int try_chown(void) { return R(chown(path, 0, 0)); }
static int try_path_truncate(void) { return R(truncate(path, 0)); }
static int try_getdents(void) { return R(syscall(SYS_getdents64, fd, path, 64)); }
static int try_readlink(void) { return R(readlink("/proc/self/exe", other, sizeof(other))); }
static int try_kill_parent(void) { return R(kill(getppid(), 0)); }
static int try_tgkill_parent(void) { return R(syscall(SYS_tgkill, getppid(), getppid(), 0)); }
static int try_pidfd(void) { return R(syscall(SYS_pidfd_open, getppid(), 0)); }
static int try_memfd(void) { return R(memfd_create("x", 0)); }
static int try_map_exec(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EPERM ? REFUSED : DONE;
}
static int try_protect_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return R(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int try_pkey_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return R(syscall(SYS_pkey_mprotect, p, 4096, PROT_READ | PROT_EXEC, -1));
}
static int try_type_into_terminal(void) { return R(ioctl(0, TIOCSTI, "x")); }
static int try_lock_file(void) { return R(fcntl(fd, F_SETLK, &(struct flock){.l_type = F_WRLCK})); }
static int try_prctl(void) { return R(prctl(PR_SET_DUMPABLE, 1)); }
static int try_affinity(void)
{
	uint64_t mask = 1;
	long rc = syscall(SYS_sched_setaffinity, 0, sizeof(mask), &mask);

	return rc == -1 && errno == EINVAL ? DONE : R(rc);
}
static int try_inet(void) { return R(socket(AF_INET, SOCK_STREAM, 0)); }
static int try_inet_raw(void) { return R(socket(AF_INET, SOCK_RAW, 1)); }
static int try_unix(void) { return R(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int try_netlink(void) { return R(socket(AF_NETLINK, SOCK_RAW, 0)); }
static int try_accept(void)
{
	int rc = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

	return rc < 0 && errno == EAGAIN ? DONE : R(rc);
}

static const struct {
	const char *name;
	int (*call)(void);
	int plain, net; /* what is expected without and with network and server sockets */
} tries[] = {
#define T(name, plain, net) {#name, try_##name, plain, net}
	T(execve, ENDED, ENDED), T(fork, ENDED, ENDED), T(ptrace, ENDED, ENDED), T(vm_write, ENDED, ENDED), T(bpf, ENDED, ENDED),
	T(mount, ENDED, ENDED), T(unshare, ENDED, ENDED), T(setuid, ENDED, ENDED), T(seccomp, ENDED, ENDED), T(x32, ENDED, ENDED),
	T(i386, ENDED, ENDED),
	T(clone_process, REFUSED, REFUSED), T(clone3, REFUSED, REFUSED),
	T(open_write, REFUSED, REFUSED), T(open_rw, REFUSED, REFUSED), T(create, REFUSED, REFUSED), T(truncate, REFUSED, REFUSED),
	T(tmpfile, REFUSED, REFUSED), T(openat2, REFUSED, REFUSED), T(creat, REFUSED, REFUSED), T(open_read, REFUSED, DONE),
	T(unlink, REFUSED, REFUSED), T(rename, REFUSED, REFUSED), T(link, REFUSED, REFUSED), T(symlink, REFUSED, REFUSED),
	T(mkdir, REFUSED, REFUSED), T(chmod, REFUSED, REFUSED), T(fchmod, REFUSED, REFUSED), T(chown, REFUSED, REFUSED),
	T(path_truncate, REFUSED, REFUSED), T(getdents, REFUSED, REFUSED), T(readlink, REFUSED, REFUSED),
	T(kill_parent, REFUSED, REFUSED), T(tgkill_parent, REFUSED, REFUSED), T(pidfd, REFUSED, REFUSED), T(memfd, REFUSED, REFUSED),
	T(map_exec, REFUSED, REFUSED), T(protect_exec, REFUSED, REFUSED), T(pkey_exec, REFUSED, REFUSED),
	T(type_into_terminal, REFUSED, REFUSED), T(lock_file, REFUSED, REFUSED), T(prctl, REFUSED, REFUSED),
	T(affinity, REFUSED, DONE), T(inet, REFUSED, DONE), T(inet_raw, REFUSED, REFUSED), T(unix, REFUSED, REFUSED),
	T(netlink, REFUSED, REFUSED), T(accept, REFUSED, DONE),
#undef T
};

/* A thread that was there before the sandbox makes the call. */
static int (*thread_call)(void);
static int thread_rc, go[2];

static void *thread_main(void *arg)
{
	char c;

	(void)arg;
	if (read(go[0], &c, 1) == 1)
		thread_rc = thread_call();
	return NULL;
}

static int attempt(int (*call)(void), bool net, bool by_thread)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		const struct sandbox_needs need = {net, net, net};
		pthread_t t;

		thread_call = call;
		if (pipe(go) || (by_thread && pthread_create(&t, NULL, thread_main, NULL)) || sandbox_enter(&need, NULL))
			_exit(ODD + 1);
		if (!by_thread)
			_exit(call());
		if (write(go[1], "x", 1) != 1)
			_exit(ODD + 1);
		pthread_join(t, NULL);
		_exit(thread_rc);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? ENDED : ODD;
	return WEXITSTATUS(status);
}

static void *nothing(void *arg) { return arg; }

/* What a machine does in the sandbox; the number of the step that failed. */
static int ordinary(void)
{
	char buf[8] = "abc";
	pthread_t t;
	int pair[2], step = 10;
	void *p;

#define STEP(good) do { step++; if (!(good)) return step; } while (0)
	STEP(!pthread_create(&t, NULL, nothing, NULL));
	STEP(!pthread_join(t, NULL));
	STEP(!pthread_setname_np(pthread_self(), "x"));
	STEP((p = malloc(10 << 20)));
	memset(p, 1, 10 << 20);
	free(p);
	STEP(pwrite(fd, buf, 3, 0) == 3);
	STEP(pread(fd, buf, 3, 0) == 3);
	STEP(!ftruncate(fd, 8192));
	STEP(!fdatasync(fd));
	STEP(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) || errno == EOPNOTSUPP);
	STEP(fcntl(fd, F_GETFL) >= 0);
	STEP(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 && errno == EPERM);
	STEP(getrandom(buf, 8, 0) == 8);
	STEP(!usleep(10));
	STEP(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	STEP(fflush(stdout) == 0);
	STEP(sandbox_active());
	signal(SIGUSR1, SIG_IGN);
	STEP(!raise(SIGUSR1));
	return DONE;
}

static void make_files(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (!mkdtemp(dir))
		exit(1);
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/sock", dir);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(listener, (struct sockaddr *)&a, sizeof(a)) || listen(listener, 1))
		exit(1);
}

int main(void)
{
	static const char *const says[] = {"?", "works", "is refused", "ends the process", "odd", "odd"};
	int rc;

#ifdef PARMA_SANITIZE
	tap_skip_all("the sandbox of a build with a sanitizer is wide");
#endif
	make_files();
	rc = attempt(ordinary, false, false);
	if (rc == ODD + 1)
		tap_skip_all("no seccomp filters on this host");
	ok(rc == DONE, "what a machine does works (step %d)", rc);
	for (unsigned k = 0; k < ARRAY_SIZE(tries); k++)
		for (int net = 0; net < 2; net++) {
			int want = net ? tries[k].net : tries[k].plain;

			rc = attempt(tries[k].call, net, false);
			ok(rc == want, "%s%s %s", tries[k].name, net ? ", with network and servers," : "", says[want]);
			if (rc != want)
				printf("# it %s (%d)\n", says[rc < 5 ? rc : 0], rc);
		}
	ok(attempt(try_open_write, false, true) == REFUSED, "a thread from before: opening for writing is refused");
	ok(attempt(try_execve, true, true) == ENDED, "a thread from before: execve ends the process");
	ok(!access(path, F_OK) && access(other, F_OK), "the files are as they were");
	unlink(path);
	snprintf(path, sizeof(path), "rm -r %s", dir);
	return system(path) ? 1 : tap_done();
}
