#!/usr/bin/env bash
# Bare-metal guests (guest.h) print what they see; parma must print what the
# .expect file has.  With qemu-system-aarch64 here, the reference is run too, so
# that an .expect file cannot drift from it; lines that begin with '!' are what the
# architecture says and the reference does not do, those with '#' are for the reader.
#
#   t_guests.sh            all guests, TAP
#   t_guests.sh NAME...    these only
#   t_guests.sh --update   writes the .expect files anew, from parma; run it again then
set -u
dir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/guest
parma=$(cd "${top_builddir:-$dir/../../build}" && pwd)/parma
cc=${CROSS_CC:-aarch64-linux-gnu-gcc}
qemu=${QEMU:-qemu-system-aarch64}

# guest, then the options that it wants of both emulators
guests=(
	"gicv3 -M virt,gic-version=3 -smp 4"
	"gicv2 -M virt,gic-version=2 -smp 4"
	"ipi -M virt,gic-version=3 -smp 8"
	"except -M virt,gic-version=3"
	"mmu -M virt,gic-version=3"
	"pl0xx -M virt,gic-version=3"
	"order -M virt,gic-version=3 -smp 2"
	"sgi_order -M virt,gic-version=3 -smp 2"
	"events -M virt,gic-version=3 -smp 2"
	"smc -M virt,gic-version=3 -smp 2"
	"sysinsn -M virt,gic-version=3"
	"psci -M virt,gic-version=3 -smp 4"
	"pmu -M virt,gic-version=3 -smp 1"
	"debug -M virt,gic-version=3"
	"flash -M virt,gic-version=3 -smp 1"
	"tlbi -M virt,gic-version=3"
	"timer -M virt,gic-version=3 -smp 1"
	"icount -M virt,gic-version=3 -smp 1 -icount 8"
)
# the same guests with other options, of parma only
variants=(
	"sgi_order -accel interp -smp 2"
	"sgi_order -smp 4"
	"smc -accel interp"
	"smc -accel interp -smp 4"
	"smc -smp 4"
	"smc -smp 4 -accel jit,hot=0"
	"smc -smp 4 -accel jit,hot=0,tb-size=1"
	"smc -accel lockstep"
	"sysinsn -accel interp"
	"psci -accel interp -smp 4"
	"pmu -accel interp"
	"debug -accel interp"
	"flash -accel interp"
	"tlbi -accel interp"
	"timer -accel interp"
	"icount -accel interp -icount shift=8,sleep=off"
	"except -accel interp"
	"events -accel interp -smp 2"
	"events -accel jit -smp 4"
	"events -accel interp -smp 4 -sched rr:1"
)

# What has no reference: parma alone, on each engine, with one CPU and with four.
hostile=(-m 128M -device virtio-rng-device -drive file=disk,if=none,id=d,format=raw,snapshot=on
	-device virtio-blk-device,drive=d -device virtio-serial-device -device virtio-serial-device)

command -v "$cc" >/dev/null || { echo "1..0 # SKIP no $cc (gcc-aarch64-linux-gnu)"; exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

build() { # guest
	"$cc" -O2 -Wall -Wextra -march=armv8.2-a -mgeneral-regs-only -mno-outline-atomics -mstrict-align -ffreestanding \
		-fno-pic -no-pie -nostdlib -Wl,--build-id=none,--no-warn-rwx-segments,-T,"$dir/guest.lds" \
		"$dir/start.S" "$dir/lib.c" "$dir/$1.c" -o "$tmp/$1.elf" 2>"$tmp/cc.log" ||
		{ sed 's/^/# /' "$tmp/cc.log"; return 1; }
}
common=(-cpu max -nodefaults -display none -serial stdio -monitor none)
compared() { tr -d '\r' | grep -v '^#'; }

[ $# = 0 ] || [ "$1" = --update ] || only=" $* "
chosen() { [[ ! ${only-} || $only == *" $1 "* ]]; }
n=0 failed=0
check() { # name pattern: compares $tmp/got with the .expect of guest $g, without the lines of the pattern
	n=$((n + 1))
	if diff <(grep -v "$2" "$dir/$g.expect") <(grep -v "$2" "$tmp/got") >"$tmp/diff"; then
		echo "ok $n - $1"
	else
		failed=1
		echo "not ok $n - $1"
		head -20 "$tmp/diff" | sed 's/^/# /'
	fi
}

for line in "${guests[@]}"; do
	read -r g opts <<<"$line"
	chosen "$g" || continue
	build "$g" || { n=$((n + 1)); failed=1; echo "not ok $n - $g builds"; continue; }
	# shellcheck disable=SC2086
	timeout 1200 "$parma" boot $opts "${common[@]}" -kernel "$tmp/$g.elf" </dev/null 2>"$tmp/err" | compared >"$tmp/got"
	sed 's/^/# /' "$tmp/err"
	[ "${1-}" != --update ] || cp "$tmp/got" "$dir/$g.expect"
	check "$g" '^#'
	for accel in jit,hot=0 jit,hot=0,tb-size=1; do # all of it translated; with hardly any room for it
		"$parma" boot -accel help | grep -q '^jit' || continue
		# shellcheck disable=SC2086
		timeout 1200 "$parma" boot $opts "${common[@]}" -accel $accel -kernel "$tmp/$g.elf" </dev/null 2>"$tmp/err" | compared >"$tmp/got"
		check "$g, -accel $accel" '^#'
	done
	if [[ $opts != *-smp* ]]; then # both engines, unit by unit
		# shellcheck disable=SC2086
		timeout 1200 "$parma" boot $opts "${common[@]}" -accel lockstep -kernel "$tmp/$g.elf" </dev/null 2>"$tmp/err" | compared >"$tmp/got"
		sed 's/^/# /' "$tmp/err"
		check "$g: in lockstep" '^#'
	fi
	if command -v "$qemu" >/dev/null && "$qemu" --version | grep -q "version 10\."; then
		# shellcheck disable=SC2086
		timeout 1200 "$qemu" $opts "${common[@]}" -kernel "$tmp/$g.elf" </dev/null 2>/dev/null | compared >"$tmp/got"
		check "$g: the reference still says so" '^!'
	fi
done
for line in "${variants[@]}"; do
	read -r g opts <<<"$line"
	chosen "$g" || continue
	# shellcheck disable=SC2086
	timeout 1200 "$parma" boot $opts "${common[@]}" -kernel "$tmp/$g.elf" </dev/null 2>"$tmp/err" | compared >"$tmp/got"
	sed 's/^/# /' "$tmp/err"
	check "$line" '^#'
done

chosen hostile || { echo "1..$n"; exit $failed; }
g=hostile
truncate -s 1M "$tmp/disk"
"$parma" boot -netdev help 2>/dev/null | grep -q 'user ' && hostile+=(-netdev user,id=n,restrict=on -device virtio-net-device,netdev=n)
build $g || echo "not ok $((n + 1)) - $g builds"
for engine in $("$parma" boot -accel help | sed -n 's/^\(jit\|interp\) .*/\1/p'); do
	for opts in "-smp 1" "-smp 4" "-smp 4 -global virtio-mmio.force-legacy=off" "-smp 4 -M gic-version=2"; do
		# shellcheck disable=SC2086
		(cd "$tmp" && timeout ${HOSTILE_TIMEOUT:-1200} "$parma" boot -accel $engine $opts "${common[@]}" "${hostile[@]}" -kernel $g.elf </dev/null 2>err; echo "status $?") |
			compared >"$tmp/got"
		cat "$tmp/err" >>"$tmp/got"
		[ "${1-}" != --update ] || cp "$tmp/got" "$dir/$g.expect"
		check "$g, $engine $opts" '^#'
	done
done
echo "1..$n"
exit $failed
