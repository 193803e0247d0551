#!/usr/bin/env bash
# Random programs against qemu-aarch64, live: tests/xlate/t_programs, with its options.  Needs qemu-aarch64 10 and a
# cross compiler.
#   programs.sh [OPTION]...         e.g. -g branches -n 10000000 -p -v -o new.vec
#   programs.sh --all [OPTION]...   group after group, a line for each as it is done.  When it has been interrupted, the
#                                   same command goes on after the last group that was done: ./programs.done remembers,
#                                   by program and options.  A group with a difference is printed, and run again next time.
#   programs.sh --record FILE       writes what tests/a64/programs.txt should hold
src=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)} build=${top_builddir:-.}
export top_srcdir=$src
cross=${CROSS_CC:-aarch64-linux-gnu-gcc}
programs=$build/tests/xlate/t_programs
for tool in "$cross" qemu-aarch64; do
	command -v "$tool" >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
version=$(qemu-aarch64 --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')
[ "${version:-0}" -ge 10 ] || { echo "1..0 # SKIP qemu-aarch64 is version $version, the reference is 10 or later"; exit 0; }
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
"$cross" -O2 -static -Wl,-Ttext-segment=0x7f0000000 -o "$tmp/harness" "$src/tests/a64/prog_harness.c" 2>"$tmp/err" ||
	{ echo "1..0 # SKIP $cross cannot link statically"; exit 0; }

all_groups() { # OPTION...
	local key state n=0 failed=0 group found
	key=$( (cat "$programs" "$src/tests/a64/prog_harness.c"; echo "$@") | cksum | tr ' ' -)
	state=programs.done/$key
	mkdir -p "$state" || exit 99
	while IFS= read -r group; do
		n=$((n + 1))
		if [ ! -e "$state/$n" ]; then
			"$programs" -q "$tmp/harness" -g "=$group" "$@" >"$tmp/log" 2>&1
			found=$?
			if [ $found != 0 ] || grep -q '^not ok\|^Bail' "$tmp/log"; then
				echo "not ok $n - $group"
				sed 's/^\([^#]\)/# \1/' "$tmp/log"
				failed=$((failed + 1))
				continue
			fi
			mv "$tmp/log" "$state/$n"
		fi
		echo "ok $n - $(sed -n '/^# .* encodings, /{s/^# //;p;q}' "$state/$n" | tr -s ' ')"
		sed -n 's/^#   \([0-9]* of .* not compared.*\)/# \1/p' "$state/$n"
	done < <("$programs" -l)
	echo "# $n groups, $((n - failed)) without difference"
	echo "1..$n"
	[ $failed = 0 ]
}

case $1 in
--record) "$programs" -n 1 -q "$tmp/harness" -r "$2" ;;
--all) shift; all_groups "$@" ;;
*) "$programs" -q "$tmp/harness" "$@" ;;
esac
