#!/usr/bin/env bash
# Fuzz targets with libFuzzer, ASan and UBSan.
#   run.sh [SECONDS [TARGET...]]     each target for SECONDS (default 30)
# A finding leaves crash-* in the current folder and fails. Skipped without clang.
set -u
src=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
build=$(cd "${top_builddir:-.}" && pwd)
seconds=${1:-30}
shift
clang=${CLANG:-clang}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n); int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n > 9 ? 0 : 0; }' >"$tmp/t.c"
$clang -fsanitize=fuzzer,address "$tmp/t.c" -o "$tmp/t" 2>/dev/null || { echo "1..0 # SKIP no clang with libFuzzer"; exit 0; }

files() { # the sources of a target
	case $1 in
	loader) ls "$src"/src/base/*.c "$src"/src/mem/*.c "$src"/src/machine/{loader,fdt}.c ;;
	opts) ls "$src"/src/base/*.c "$src"/src/cli/boot_opts.c ;;
	insn) ls "$src"/src/base/*.c "$src"/src/mem/*.c "$src"/src/a64/*.c "$src"/src/ir/{fp,vec}_*.c "$build"/src/a64/*.gen.c | grep -v encgen ;;
	esac
}
n=0 failed=0
for t in ${*:-loader opts insn}; do
	n=$((n + 1))
	mkdir -p "$tmp/$t"
	# shellcheck disable=SC2046
	(cd "$tmp/$t" && printf '%s\n' "$src/tests/fuzz/fuzz_$t.c" $(files "$t") |
		xargs -P"$(nproc)" -n1 "$clang" -std=gnu17 -O1 -g -w -D_GNU_SOURCE -DHAVE_CONFIG_H -fno-strict-aliasing -Wno-atomic-alignment -msse4.1 \
			-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -I"$src/src" -I"$src" -I"$build/src" -I"$build" -c) ||
		{ echo "not ok $n - $t builds"; failed=1; continue; }
	"$clang" -fsanitize=fuzzer,address,undefined -o "$tmp/$t/run" "$tmp/$t"/*.o -lz -lfdt -lurcu-qsbr -lm -pthread ||
		{ echo "not ok $n - $t links"; failed=1; continue; }
	mkdir -p "$tmp/$t/corpus"
	if (ulimit -c 0; cd "$tmp/$t" && ./run -max_total_time="$seconds" -rss_limit_mb=3000 -timeout=10 -print_final_stats=1 corpus "$src/tests/fuzz/corpus/$t" >log 2>&1); then
		echo "ok $n - $t: $(sed -n 's/^stat::number_of_executed_units: *//p' "$tmp/$t/log") runs, no finding"
	else
		echo "not ok $n - $t"
		tail -25 "$tmp/$t/log" | sed 's/^/# /'
		cp "$tmp/$t"/crash-* "$tmp/$t"/timeout-* . 2>/dev/null
		failed=1
	fi
done
echo "1..$n"
exit $failed
