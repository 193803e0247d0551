#!/usr/bin/env bash
# SIMD and cryptographic instructions against qemu-aarch64, live: random words of every row, 64 operand sets each.
#   simd_oracle.sh [WORDS [SEED]]   compares (WORDS of each row, default 4)
#   simd_oracle.sh --record WORDS   prints what tests/a64/simd_words.txt should hold
src=${top_srcdir:-.} build=${top_builddir:-build}
cross=${CROSS_CC:-aarch64-linux-gnu-gcc}
record=
[ "$1" = --record ] && record=1 && shift
for tool in "$cross" qemu-aarch64; do
	command -v "$tool" >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
version=$(qemu-aarch64 --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')
[ "${version:-0}" -ge 10 ] || { echo "1..0 # SKIP qemu-aarch64 is version $version, the reference is 10 or later"; exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$cross" -O1 -static -o "$tmp/run" "$src/tests/a64/simd_run.c" 2>"$tmp/err" ||
	{ echo "1..0 # SKIP $cross cannot link statically"; exit 0; }
"$build/tests/a64/t_simd" --words "${1:-4}" "${2:-1}" >"$tmp/words"
timeout 600 qemu-aarch64 -cpu max,pauth=off "$tmp/run" <"$tmp/words" >"$tmp/digests" ||
	{ echo "Bail out! the oracle failed"; exit 1; }
[ -n "$record" ] && exec cat "$tmp/digests"
"$build/tests/a64/t_simd" "$tmp/digests"
