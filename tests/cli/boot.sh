#!/usr/bin/env bash
# The built-in guest at every size of the board; how guests end; invocations that
# the users of other emulators bring along.
. "$(dirname "$0")/lib.sh"

smp() { # N, options: the guest finds its CPUs and none of its own checks fails
	runs 0 "CPUs online: $1\$" boot -smp "$@" && grep -q ' of .* ok$' out && ! grep ' of ' out | grep -v ' ok$'
}
for n in 1 2 4 8; do
	ok "built-in guest, -smp $n, GICv2" smp $n -M virt,gic-version=2
done
for n in 1 2 4 8 20 64 128; do
	ok "built-in guest, -smp $n, GICv3" smp $n -M virt -machine gic-version=3 -accel tcg,thread=multi
done
if "$parma" boot -accel help | grep -q '^jit'; then
	for n in 1 2 4 8 20 64 128; do
		ok "built-in guest, -smp $n, translated" smp $n -accel jit,hot=0
	done
fi
for n in 1 4; do
	ok "built-in guest, -smp $n, interpreted" smp $n -accel interp
done
mips() { runs 0 CPUs boot -accel interp -stats text -smp 1 && grep -E 'guest instructions +[0-9]+ \([0-9.]+ MIPS' err; }
ok "-stats: instructions and MIPS of the interpreter" mips
# The perf map of a run, with the guest's symbols: the glue first, then a line a unit, in hexadecimal and sane.
named() {
	printf '0000000040080000 T guest_text\n' >work/map
	(cd work && exec "$parma" boot -smp 2 -accel jit,hot=0 -perfmap -jitdump -symbols map) </dev/null >out 2>err &
	local pid=$! rc=0 code=0
	wait $pid || rc=$?
	mv "/tmp/perf-$pid.map" map && mv "work/jit-$pid.dump" dump || return 1
	[ $rc = 0 ] && head -1 map | grep -q ' parma glue$' && [ "$(grep -c ' guest_text+0x' map)" -gt 20 ] || { head map; return 1; }
	! grep -Evn '^[0-9a-f]{12} [0-9a-f]{1,5} (parma glue|guest_text(\+0x[0-9a-f]+)?|guest@[0-9a-f]+)$' map || return 1
	while read -r _ bytes _; do code=$((code + 16#$bytes)); done <map
	[ "$(wc -c <dump)" -gt $code ]
}
if "$parma" boot -accel help | grep -q '^jit'; then
	ok "-perfmap, -jitdump, -symbols" named
	echo hello >work/none
	ok "-symbols of a file without symbols" refused 66 "no symbols of code" boot -symbols none
fi
ok "-perfmap without translated code" refused 64 'accel interp has none' boot -accel interp -perfmap
ok "built-in guest on a Cortex-A72" smp 2 -cpu cortex-a72
ok "-smp cores=2,threads=2" runs 0 'CPUs online: 4' boot -smp cores=2,threads=2

# -- ends --
# PSCI SYSTEM_OFF, SYSTEM_RESET
program work/off 58000040 d4000002 84000008 00000000
program work/reset 58000040 d4000002 84000009 00000000
# SYS_EXIT (ADP_Stopped_ApplicationExit, 42); SYS_EXIT_EXTENDED has the same block
program work/exit42 10000081 52800300 d45e0000 14000000 00020026 00000000 0000002a 00000000
# nowhere: br to an unmapped address; undefined: udf; unmapped: ldr of nothing. Vectors at 0 hold nothing either, so
# these take exceptions for ever.
program work/nowhere d2c00400 d61f0000
program work/undefined 00000000
program work/unmapped d2c00400 f9400001 17fffffe
program work/idle d503207f 17ffffff
bare="-nodefaults -display none -kernel"
ends() { p boot "${@:2}"; status "$1"; }
ok "power-off: status 0" ends 0 $bare off
ok "-no-reboot: a reset ends" ends 0 $bare reset -no-reboot
ok "semihosting exit: the guest's status" ends 42 $bare exit42 -semihosting
ok "-semihosting-config enable=on,target=native" ends 42 $bare exit42 -semihosting-config enable=on,target=native
# SYS_WRITE0 of "text", SYS_WRITE of "write" to ":tt", SYS_WRITE0 of what SYS_GET_CMDLINE says, SYS_EXIT of 5
program work/speak \
	10000541 52800080 d45e0000 10000261 52800020 d45e0000 100002c1 f9000020 528000a0 d45e0000 10000301 100004a2 \
	f9000022 528002a0 d45e0000 10000421 52800080 d45e0000 10000281 52800300 d45e0000 14000000 400800b0 00000000 \
	00000004 00000000 00000003 00000000 00000000 00000000 400800b4 00000000 00000006 00000000 00000000 00000000 \
	000000c8 00000000 00020026 00000000 00000005 00000000 74786574 000a0a0a 0074743a 74697277 00000a65 d503201f \
	00000000 00000000
# OUT ERR OPTIONS...: what is on standard output and error, lines joined with commas
speaks() {
	local out=$1 err=$2
	shift 2
	ends 5 -nodefaults -display none -kernel speak -semihosting "$@" || return 1
	[ "$(grep . out | paste -sd,)" = "$out" ] && [ "$(grep . err | paste -sd,)" = "$err" ] || { tail -n 9 out err; return 1; }
}
ok "semihosting without a serial port: the console is standard error" speaks write text,speak
ok "semihosting with a serial port elsewhere" speaks write "text,speak a b" -serial null -append "a b"
ok "semihosting beside a serial port on standard output: in order" speaks text,write,speak "" -serial stdio
ok "semihosting's own words" speaks write "text,one two" -semihosting-config arg=one,arg=two -append no
to_file() { speaks write "" -chardev file,id=c,path=said -semihosting-config chardev=c && [ "$(grep . work/said | paste -sd,)" = text,speak ]; }
ok "semihosting's console in a file" to_file
ok "-semihosting-config of no chardev" refused 64 'no -chardev with id=c' boot -kernel speak -semihosting-config chardev=c
for g in nowhere undefined unmapped idle; do
	limit=1 ok "guest '$g' runs on without harm" ends 124 $bare $g
	limit=1 ok "guest '$g' with 4 CPUs and a log" ends 124 $bare $g -smp 4 -d guest_errors -D log
done
for s in TERM INT HUP; do
	signalled() {
		(cd work && exec env --default-signal "$parma" boot $bare idle) </dev/null >out 2>err &
		local pid=$! rc=0
		until_true has_vcpus $pid
		kill -$1 $pid
		wait $pid || rc=$?
		[ $rc = $((128 + $(kill -l $1))) ] || { echo "status $rc"; return 1; }
	}
	ok "SIG$s ends it" signalled $s
done

# -- invocations in the manner of kvm-unit-tests: "Nq" on testdev ends with (N << 1) | 1 --
cc=${CROSS_CC:-aarch64-linux-gnu-gcc}
kvm="-nodefaults -machine virt,gic-version=3,accel=tcg -cpu max -device virtio-serial-device -device virtconsole,chardev=ctd
	-chardev testdev,id=ctd -display none -serial stdio"
if command -v "$cc" >/dev/null; then
	"$cc" -O2 -nostdlib -ffreestanding -fno-pic -no-pie -mgeneral-regs-only -mstrict-align -Wl,--build-id=none,-Ttext=0x40080000 \
		"$top/tests/cli/testdev.c" -o work/testdev.elf
	ok "virtconsole on testdev: exit status" ends 3 $kvm -kernel testdev.elf -smp 4 -append 'a b'
else
	skip "virtconsole on testdev" "no $cc"
fi
finish
