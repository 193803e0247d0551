#!/usr/bin/env bash
# The same guests and tests in builds with sanitizers: no report.
#   run.sh [COMPILER-SANITIZER...]     default: gcc-address clang-address gcc-thread clang-thread
# address (with undefined): make check, and Debian's kernel to a shell command and power-off on both engines.
# thread: the tests of the modules that share memory between threads, the built-in guest with four CPUs and the hostile guest on both engines,
# Debian's kernel with two CPUs on both. ThreadSanitizer sees parma's C code only: what translated code reads and writes is invisible to it
# (docs/VERIFICATION.md).
# Builds lie in ./sanitize-*; reports in their log folder. Skipped: a compiler that is not there.
set -u
src=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
work=$PWD
n=0 failed=0
# Everything ends where a report is; it goes to a file, since a test may hide its standard error.
result() { # NAME, STATUS, LOG
	n=$((n + 1))
	if [ "$2" = 0 ] && ! ls "$logs"/report.* >/dev/null 2>&1; then
		echo "ok $n - $1"
		return
	fi
	failed=1
	echo "not ok $n - $1"
	{ tail -15 "$3"; cat "$logs"/report.* 2>/dev/null | head -60; } | sed 's/^/# /'
	mkdir -p "$logs/old" && mv "$logs"/report.* "$logs/old" 2>/dev/null
}

try() { # NAME, SECONDS, COMMAND...
	local name=$1 limit=$2
	shift 2
	timeout "$limit" "$@" >"$logs/last" 2>&1 </dev/null
	result "$build: $name" $? "$logs/last"
}

# Debian's kernel as far as it takes to run a command and power off.
debian() { # ENGINE
	local guest=${PARMA_CACHE:-$src/.cache}/guest
	"$src/src/guest/mkguest" "$guest" >"$logs/mkguest" 2>&1 || { echo "# no guest: Debian's kernel is not booted"; return; }
	mkdir -p "$logs/i"
	echo 'echo "cpus $(nproc)"; dmesg | grep -ci "call trace"' >"$logs/i/command"
	(cd "$logs/i" && echo command | cpio -o -H newc --quiet) | gzip -1 | cat "$guest/initrd" - >"$logs/initrd"
	try "Debian's kernel, $1" 1800 bash -c "./parma boot -accel $1 -m 512M -smp 2 -kernel '$guest/kernel' -initrd '$logs/initrd' -display none \
		-serial stdio -no-reboot -append 'console=ttyAMA0 loglevel=3 panic=-1 lpj=250000 quiet' \
		-device virtio-rng-device | grep -q 'cpus 2'"
}

for build in ${*:-gcc-address clang-address gcc-thread clang-thread}; do
	cc=${build%-*} kind=${build#*-}
	command -v "$cc" >/dev/null || { n=$((n + 1)); echo "ok $n - $build # SKIP no $cc"; continue; }
	dir=$work/sanitize-$build logs=$work/sanitize-$build/log
	mkdir -p "$logs" && cd "$dir" || exit 99
	rm -rf "$logs"/report.*
	[ -f Makefile ] || "$src/configure" -q CC="$cc" CFLAGS="-O1 -g" --enable-sanitize="${kind/address/address,undefined}" >"$logs/configure" 2>&1
	make -s -j"$(nproc)" all >"$logs/make" 2>&1
	result "$build: builds" $? "$logs/make"
	export top_srcdir=$src top_builddir=$dir
	export ASAN_OPTIONS=log_path=$logs/report:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:log_path=$logs/report
	export TSAN_OPTIONS=log_path=$logs/report:halt_on_error=0:exitcode=66:second_deadlock_stack=1
	engines=$(./parma boot -accel help | sed -n 's/^\(jit\|interp\) .*/\1/p')
	if [ "$kind" = address ]; then
		try "make check" 5400 make -s -j"$(nproc)" check
		for e in $engines; do debian "$e"; done
		continue
	fi
	tests="tests/base/t_timer tests/base/t_outfile tests/dev/t_chardev tests/dev/t_virtio tests/dev/t_virtio_race tests/dev/t_virtio_serial
		tests/dev/t_blk tests/dev/t_net tests/dev/t_gicv3 tests/dev/t_gicv2 tests/dev/t_pl011 tests/sched/t_sched tests/sched/t_rr
		tests/tcache/t_tcache tests/tcache/t_tcache_race tests/mcm/t_solve tests/mcm/t_mapping"
	# shellcheck disable=SC2086
	make -s -j"$(nproc)" $tests >"$logs/make" 2>&1
	result "$build: the tests build" $? "$logs/make"
	for t in $tests; do try "$t" 600 "./$t"; done
	for e in $engines; do
		try "built-in guest, 4 CPUs, $e" 300 ./parma boot -smp 4 -accel "$e"
		debian "$e"
	done
	HOSTILE_TIMEOUT=600 try "bare-metal guests" 3600 bash "$src/tests/guest/t_guests.sh"
done
echo "1..$n"
exit $failed
