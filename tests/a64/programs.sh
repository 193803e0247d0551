#!/usr/bin/env bash
# Random programs against qemu-aarch64, live: tests/xlate/t_programs, with its options.  Needs qemu-aarch64 10 and a
# cross compiler.
#   programs.sh [OPTION]...     e.g. -n 10000000 -p -v -o new.vec
#   programs.sh --record FILE   writes what tests/a64/programs.txt should hold
src=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)} build=${top_builddir:-.}
export top_srcdir=$src
cross=${CROSS_CC:-aarch64-linux-gnu-gcc}
for tool in "$cross" qemu-aarch64; do
	command -v "$tool" >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
version=$(qemu-aarch64 --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')
[ "${version:-0}" -ge 10 ] || { echo "1..0 # SKIP qemu-aarch64 is version $version, the reference is 10 or later"; exit 0; }
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
"$cross" -O2 -static -Wl,-Ttext-segment=0x7f0000000 -o "$tmp/harness" "$src/tests/a64/prog_harness.c" 2>"$tmp/err" ||
	{ echo "1..0 # SKIP $cross cannot link statically"; exit 0; }
if [ "$1" = --record ]; then
	"$build/tests/xlate/t_programs" -n 1 -q "$tmp/harness" -r "$2"
	exit
fi
"$build/tests/xlate/t_programs" -q "$tmp/harness" "$@"
