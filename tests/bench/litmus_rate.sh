#!/usr/bin/env bash
# Trials a second of parma litmus against three harnesses on QEMU, the same tests, in turn, so that a busy host disturbs all alike:
#   same plan   the same harness as a bare-metal guest of qemu-system-aarch64 (tests/litmus/bare), the same source and settings
#   each        the same with a barrier for each instance, on both sides
#   pthread     parma as it is, and on qemu-aarch64 a program with threads in litmus7's manner (litmus_pthread.c) with litmus7's
#               defaults: 100000 instances a run, in order, a barrier for each; six tests have one
# Prints per test the ratios parma/QEMU, median and range over the rounds, millions of trials a second, then geometric
# means.  --same: the bare-metal guest on `parma boot` too, and --linux: litmus_pthread in a Linux guest (.cache/guest) of both machines,
# which compare the engines alone.  --plan: the same plan alone.  --sample N: that, on N tests drawn (--seed) from those of two threads
# of the corpus, ../shared/litmus/{catalogue,diy}.
#
#   tests/bench/litmus_rate.sh [--rounds N] [--runs N] [--plan] [--sample N [--seed N]] [--same] [--linux] [--opts "-barrier timebase ..."] [TEST...]
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
parma=${PARMA:-$top/build/parma}
qemu=${QEMU:-qemu-system-aarch64}
qemu_user=${QEMU_USER:-qemu-aarch64}
cc=${CROSS_CC:-aarch64-linux-gnu-gcc}
rounds=3 runs=2000 plan="" sample="" seed=1 same="" linux="" opts=""
while [ $# -gt 0 ]; do
	case "$1" in
	--rounds) rounds=$2; shift 2 ;;
	--runs) runs=$2; shift 2 ;;
	--opts) opts=$2; shift 2 ;;
	--plan) plan=1; shift ;;
	--sample) sample=$2 plan=1; shift 2 ;;
	--seed) seed=$2; shift 2 ;;
	--same) same=1; shift ;;
	--linux) linux=1; shift ;;
	-*) sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
	*) break ;;
	esac
done
own=$top/litmus/tests
if [ "$sample" ]; then
	corpus=$top/../shared/litmus
	[ -d "$corpus" ] || { echo "needs $corpus" >&2; exit 71; }
	mapfile -t drawn < <(find -L "$corpus"/{catalogue,diy} -name '*.litmus' | sort |
		xargs awk -F'|' '/^ *P0 *[|;]/ { if (NF == 2) print FILENAME; nextfile }' |
		awk -v s="$seed" 'BEGIN { srand(s) } { printf "%.9f\t%s\n", rand(), $0 }' | sort | cut -f 2 | head -n "$sample")
	set -- "${drawn[@]}"
fi
[ $# -gt 0 ] || set -- "$own"/data/{SB,MP,SB+dmb.sys,2+2W+dmb.sys}.litmus "$own"/lse/add2.litmus "$own"/acqrel/SB+stlr-ldar.litmus
for tool in "$qemu" "$cc"; do
	command -v "$tool" >/dev/null || { echo "needs $tool" >&2; exit 71; }
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Functions begin on a page: where QEMU's translations end at the end of a page in the middle of a loop, it is slower by a third, and that would be luck.
image() { # test, runs, name, options: $tmp/NAME.elf
	# shellcheck disable=SC2086
	"$parma" litmus -q -image "$tmp/image" -smp 2 -seed 1 -r "$2" $opts $4 "$1" >/dev/null 2>&1 || return 1
	"$cc" -O2 -falign-functions=4096 -march=armv8.2-a -mgeneral-regs-only -mno-outline-atomics -ffreestanding -fno-builtin -fno-pic -no-pie \
		-nostdlib -fno-tree-loop-distribute-patterns -nostdinc -isystem "$("$cc" -print-file-name=include)" \
		-I "$top/tests/litmus/bare" -I "$top/tests/guest" -I "$top" -I "$top/src" -DIMAGE="\"$tmp/image\"" \
		-Wl,--build-id=none,--no-warn-rwx-segments,-T,"$top/tests/litmus/bare/bare.lds" "$top"/tests/guest/{start.S,lib.c} \
		"$top/tests/litmus/bare/bare.c" "$top"/litmus/{trial,collect,hist}.c -o "$tmp/$3.elf"
}
machine=(-M virt,gic-version=3 -smp 2 -m 1G -cpu max -nodefaults -display none -serial stdio -monitor none)
rate() { tr -d '\r' | awk '$1 == "trials" { printf "%.0f\n", 1e6 * $2 / $4 }'; }
on_qemu() { timeout 120 "$qemu" -accel tcg,thread=multi "${machine[@]}" -kernel "$tmp/$1.elf" </dev/null 2>/dev/null | rate; }
on_user() { timeout 120 "$qemu_user" "$tmp/litmus_pthread" "$1" 100000 10 2>/dev/null | rate; }
# shellcheck disable=SC2086
here_rate() { # test, runs, options
	"$parma" litmus -q -smp 2 -seed 1 -r "$2" $opts $3 "$1" |
		awk '/^1 tests/ { for (i = 2; i <= NF; i++) if ($i ~ /^trials\/s/) printf "%.0f\n", $(i - 1) }'
}
pair() { [ -n "$2" ] && [ -n "$3" ] && echo "$2 $3" >>"$tmp/$1"; } # file, parma, QEMU
# files of "A B" a line: median (smallest to largest) of A / B, and for the means
ratios() { # file
	[ -s "$tmp/$1" ] || { echo -; return; }
	awk '{ print $1 / $2 }' "$tmp/$1" | sort -g | tee "$tmp/sorted" |
		awk '{ r[NR] = $1 } END { printf "%.1f (%.1f to %.1f)", r[int((NR + 1) / 2)], r[1], r[NR] }'
	awk -v k=$(($(wc -l <"$tmp/sorted") / 2 + 1)) 'NR == k' "$tmp/sorted" >>"$tmp/medians.$1"
}
mean() { awk -v c="$2" '{ s += $c } END { if (NR) printf "%9.2f", s / NR / 1e6; else printf "%9s", "-" }' "$tmp/$1" 2>/dev/null; }
geometric() { awk '{ s += log($1); n++ } END { if (n) printf "%.1f", exp(s / n); else printf "-" }' "$tmp/medians.$1" 2>/dev/null; }

"$cc" -O2 -static -pthread -march=armv8.1-a -o "$tmp/litmus_pthread" "$here/litmus_pthread.c" 2>/dev/null ||
	echo "no static C library for $cc: no litmus_pthread"
if [ "$linux" ]; then
	guest=$top/.cache/guest
	mkdir "$tmp/extra"
	cp "$tmp/litmus_pthread" "$tmp/extra" && [ -f "$guest/kernel" ] || { echo "needs $guest (make guest)" >&2; exit 71; }
fi
on_linux() { # machine's command, test, runs: litmus_pthread in a Linux guest
	echo "chmod +x /litmus_pthread; /litmus_pthread $2 100000 $3" >"$tmp/extra/command"
	(cd "$tmp/extra" && printf 'command\nlitmus_pthread\n' | cpio -o -H newc --quiet) | gzip -1 | cat "$guest/initrd" - >"$tmp/initrd"
	# shellcheck disable=SC2086
	timeout 120 $1 -M virt -cpu max -smp 2 -m 512M -kernel "$guest/kernel" -initrd "$tmp/initrd" -display none -nodefaults -serial stdio \
		-no-reboot -append "console=ttyAMA0 loglevel=4 panic=-1" </dev/null 2>/dev/null | rate
}

printf '%-14s %-19s %-19s %-19s %29s  (million trials a second)%s%s\n' test "same plan" each pthread "parma QEMU; each: parma QEMU; pthread" "${same:+; image on parma}" "${linux:+; Linux guest}"
for t in "$@"; do
	name=$(basename "$t" .litmus)
	image "$t" $((runs / 4 + 1)) plan "" && image "$t" $((runs / 8 + 1)) each "-group 1" || { echo "$name: no image"; continue; }
	for f in plan each pthread same linux; do : >"$tmp/$f"; done
	for ((k = 0; k < rounds; k++)); do
		p=$(here_rate "$t" "$runs" "")
		pair plan "$p" "$(on_qemu plan)"
		[ -z "$plan" ] || continue
		pair each "$(here_rate "$t" $((runs / 4 + 1)) "-group 1")" "$(on_qemu each)"
		pair pthread "$p" "$(on_user "$name")"
		[ -z "$same" ] || pair same "$(timeout 120 "$parma" boot "${machine[@]}" -kernel "$tmp/plan.elf" </dev/null 2>/dev/null | rate)" "$(on_qemu plan)"
		[ -z "$linux" ] || pair linux "$(on_linux "$parma boot" "$name" 20)" "$(on_linux "$qemu -accel tcg,thread=multi" "$name" 20)"
	done
	printf '%-14s %-19s %-19s %-19s %s%s %s%s %s' "$name" "$(ratios plan)" "$(ratios each)" "$(ratios pthread)" \
		"$(mean plan 1)" "$(mean plan 2)" "$(mean each 1)" "$(mean each 2)" "$(mean pthread 2)"
	[ -z "$same" ] || printf '  %s %s' "$(ratios same)" "$(mean same 1)"
	[ -z "$linux" ] || printf '  %s %s %s' "$(ratios linux)" "$(mean linux 1)" "$(mean linux 2)"
	echo
done
echo "geometric means $(geometric plan), $(geometric each), $(geometric pthread)${same:+; image on parma $(geometric same)}${linux:+; Linux guest $(geometric linux)}"
[ -z "$plan" ] || sort -g "$tmp/medians.plan" | awk '{ r[NR] = $1; n += $1 >= 5 }
	END { if (NR) printf "same plan, %d tests: median %.1f (%.1f to %.1f), %d of them at 5 or above\n", NR, (r[int((NR + 1) / 2)] + r[int(NR / 2) + 1]) / 2, r[1], r[NR], n }'
