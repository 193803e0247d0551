#!/usr/bin/env bash
# Fuzz targets with libFuzzer, ASan and UBSan, built by clang in ./fuzz-build.
#   run.sh SECONDS TARGET...     each target for SECONDS
# A finding leaves crash-*, timeout-* or oom-* in fuzz-build/TARGET and fails. New inputs stay in fuzz-build/TARGET/corpus for the next
# time. Skipped without clang or its libFuzzer. FUZZ_JOBS: how many at once (default: the processors).
set -u
src=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
seconds=${1:-30}
shift
clang=${CLANG:-clang}
jobs=${FUZZ_JOBS:-$(nproc)}
main=$($clang -print-file-name=libclang_rt.fuzzer-x86_64.a 2>/dev/null)
[ -f "$main" ] || main=$($clang --print-runtime-dir 2>/dev/null)/libclang_rt.fuzzer-x86_64.a
mkdir -p fuzz-build && cd fuzz-build || exit 99
echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n > 9 ? 0 : 0; }' >try.c
$clang -w -fsanitize=fuzzer,address,undefined try.c -o try 2>/dev/null && [ -f "$main" ] || { echo "1..0 # SKIP no clang with libFuzzer (clang, libclang-rt-dev, libstdc++-dev)"; exit 0; }
if [ ! -f Makefile ] || [ "$src/configure" -nt Makefile ]; then
	"$src/configure" -q CC="$clang" CFLAGS="-O1 -g -fsanitize=fuzzer-no-link" LIBS="-lstdc++" --enable-sanitize=address,undefined >configure.log 2>&1 ||
		{ tail -5 configure.log; exit 99; }
fi
make -s fuzz-sources >make.log 2>&1 && make -s -j"$(nproc)" FUZZ_MAIN="$main" "${@/#/tests/fuzz/fuzz_}" >>make.log 2>&1 || { echo "not ok 1 - the targets build"; tail -20 make.log | sed 's/^/# /'; echo 1..1; exit 1; }

one() { # TARGET
	mkdir -p "$1/corpus"
	local limit=2000
	cd "$1" || return 1
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=${leaks:-1} \
		../tests/fuzz/fuzz_"$1" -max_total_time="$seconds" -rss_limit_mb=$limit -timeout=120 -max_len=8192 -print_final_stats=1 \
		-close_fd_mask=1 corpus "$src/tests/fuzz/corpus/$1" >log 2>&1
}
running=0
for t in "$@"; do
	(ulimit -c 0; rm -f "$t/status"; (one "$t"); echo $? >"$t/status") &
	running=$((running + 1))
	if [ $running -ge "$jobs" ]; then
		wait -n
		running=$((running - 1))
	fi
done
wait
n=0 failed=0
for t in "$@"; do
	n=$((n + 1))
	if [ "$(cat "$t/status")" = 0 ]; then
		echo "ok $n - $t: $(sed -n 's/^stat::number_of_executed_units: *//p' "$t/log") runs in $seconds s, no finding"
	else
		echo "not ok $n - $t (fuzz-build/$t)"
		tail -40 "$t/log" | sed 's/^/# /'
		failed=1
	fi
done
echo "1..$n"
exit $failed
