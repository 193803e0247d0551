#!/usr/bin/env bash
# Trials a second of parma litmus, and of the same harness as a bare-metal guest (tests/litmus/bare) on
# qemu-system-aarch64, twice: with the same plan, and with a barrier for each instance, which is what litmus7's
# harness does by default.  Same tests, same source around the runs; in turn, so that a busy host disturbs all alike.
# Prints per test the ratios parma/QEMU, median and range over the rounds, then geometric means; with --same the
# image on `parma boot` too, which compares the engines alone.
#
#   tests/bench/litmus_rate.sh [--rounds N] [--runs N] [--same] [--opts "-barrier timebase ..."] [TEST...]
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
parma=${PARMA:-$top/build/parma}
qemu=${QEMU:-qemu-system-aarch64}
cc=${CROSS_CC:-aarch64-linux-gnu-gcc}
rounds=3 runs=100 same= opts=
while [ $# -gt 0 ]; do
	case "$1" in
	--rounds) rounds=$2; shift 2 ;;
	--runs) runs=$2; shift 2 ;;
	--opts) opts=$2; shift 2 ;;
	--same) same=1; shift ;;
	-*) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
	*) break ;;
	esac
done
own=$top/litmus/tests
[ $# -gt 0 ] || set -- "$own"/data/{SB,SB+dmb.sys,MP,LB+datas,2+2W+dmb.sys,R+dmb.sys}.litmus \
	"$own"/acqrel/{SB+stlr-ldar,MP+stlr+ldar}.litmus "$own"/lse/{add2,SB+swp-ldr,cas-race}.litmus \
	"$own"/exclusives/{add2,SB+ldxr-stxr}.litmus "$own"/mixed/MP-halves.litmus "$own"/pairs/MP+stp+ldp.litmus
for tool in "$qemu" "$cc"; do
	command -v "$tool" >/dev/null || { echo "needs $tool" >&2; exit 71; }
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

image() { # test, runs, name, options: $tmp/NAME.elf
	# shellcheck disable=SC2086
	"$parma" litmus -q -image "$tmp/image" -smp 2 -seed 1 -r "$2" $opts $4 "$1" >/dev/null 2>&1 || return 1
	"$cc" -O2 -march=armv8.2-a -mgeneral-regs-only -mno-outline-atomics -ffreestanding -fno-builtin -fno-pic -no-pie -nostdlib \
		-fno-tree-loop-distribute-patterns -nostdinc -isystem "$("$cc" -print-file-name=include)" \
		-I "$top/tests/litmus/bare" -I "$top/tests/guest" -I "$top" -I "$top/src" -DIMAGE="\"$tmp/image\"" \
		-Wl,--build-id=none,--no-warn-rwx-segments,-T,"$top/tests/litmus/bare/bare.lds" "$top"/tests/guest/{start.S,lib.c} \
		"$top/tests/litmus/bare/bare.c" "$top"/litmus/{trial,hist}.c -o "$tmp/$3.elf"
}
machine=(-M virt,gic-version=3 -smp 2 -m 1G -cpu max -nodefaults -display none -serial stdio -monitor none )
on_qemu() { timeout 120 "$qemu" -accel tcg,thread=multi "${machine[@]}" -kernel "$tmp/$1.elf" </dev/null 2>/dev/null | rate; }
rate() { tr -d '\r' | awk '$1 == "trials" { printf "%.0f\n", 1e6 * $2 / $4 }'; }
# shellcheck disable=SC2086
here_rate() { "$parma" litmus -q -smp 2 -seed 1 -r "$runs" $opts "$1" | awk '/^1 tests/ { for (i = 2; i <= NF; i++) if ($i ~ /^trials\/s/) printf "%.0f\n", $(i - 1) }'; }
# a file of "A B" a line: median (smallest to largest) of A / B
ratios() { awk '{ print $1 / $2 }' "$1" | sort -g | awk '{ r[NR] = $1 } END { printf "%.1f (%.1f to %.1f)", r[int((NR + 1) / 2)], r[1], r[NR] }'; }
means() { awk '{ a += $1; b += $2; c += $3 } END { printf "%9.2f %9.2f %9.2f", a / NR / 1e6, b / NR / 1e6, c / NR / 1e6 }' "$1"; }

printf '%-18s %-20s %-20s %9s %9s %9s  (million trials a second)%s\n' test "same plan" "barrier each" parma QEMU each "${same:+, image on parma}"
for t in "$@"; do
	name=$(basename "$t" .litmus)
	image "$t" "$runs" plan "" && image "$t" $((runs / 4 + 1)) each "-group 1" || { echo "$name: no image"; continue; }
	: >"$tmp/pairs"; : >"$tmp/pairs7"; : >"$tmp/all"; : >"$tmp/same"
	for ((k = 0; k < rounds; k++)); do
		p=$(here_rate "$t")
		q=$(on_qemu plan)
		q7=$(on_qemu each)
		[ -z "$same" ] || timeout 120 "$parma" boot "${machine[@]}" -kernel "$tmp/plan.elf" </dev/null 2>/dev/null | rate >>"$tmp/same"
		[ -n "$p" ] && [ -n "$q" ] && [ -n "$q7" ] && { echo "$p $q" >>"$tmp/pairs"; echo "$p $q7" >>"$tmp/pairs7"; echo "$p $q $q7" >>"$tmp/all"; }
	done
	[ -s "$tmp/pairs" ] || { echo "$name: did not run"; continue; }
	echo "$(ratios "$tmp/pairs" | cut -d' ' -f1) $(ratios "$tmp/pairs7" | cut -d' ' -f1)" >>"$tmp/medians"
	printf '%-18s %-20s %-20s %s' "$name" "$(ratios "$tmp/pairs")" "$(ratios "$tmp/pairs7")" "$(means "$tmp/all")"
	[ -z "$same" ] || awk '{ s += $1 } END { if (NR) printf " %9.2f", s / NR / 1e6 }' "$tmp/same"
	echo
done
awk '{ s += log($1); t += log($2); n++ } END { if (n) printf "geometric means %.1f and %.1f over %d tests\n", exp(s / n), exp(t / n), n }' "$tmp/medians"
