#!/usr/bin/env bash
# -d: each item logs what it says, and nothing else does.
. "$(dirname "$0")/lib.sh"

# x1 := 1 + 2; an exception return; TLB maintenance; SYSTEM_OFF
program work/p d2800020 91000801 100000a2 d5184022 d28078a2 d5184002 d69f03e0 d508871f 52800100 72b08000 d4000002

# logs ITEM PATTERN [ENGINE]: a line of the log is like that.
logs() {
	p boot -accel "${3:-jit,hot=0}" -kernel p -display none -serial null -d "$1" -D log
	status 0 || return 1
	grep -Eq -- "$2" work/log || { echo "no line like '$2' in:"; head -20 work/log; return 1; }
	[ ! -s err ] || { echo "on stderr:"; head -5 err; return 1; }
}
lacks() { ! grep -Eq -- "$1" work/log || { grep -E -- "$1" work/log | head -5; return 1; }; }

ok "in_asm: the guest's code" logs in_asm '^ +40080004  add x1, x0, #2$'
ok "and no other item" lacks '^(IR|OPT|OUT|exec)'
ok "ir: as the semantics emit it" logs ir '^ +[0-9]+ q add64 #1 #2'
ok "with the name of the unit" logs ir '^IR of 40080000:$'
ok "opt: after folding" logs opt 'x0=[0-9]+ x1=[0-9]+'
ok "with the name of the unit" logs opt '^OPT of 40080000:$'
ok "there is no addition any more" lacks ' add64 '
ok "out_asm: the host's code" logs out_asm '^OUT of 40080000: [0-9]+ bytes at '
ok "with a store of x1" logs out_asm 'mov qword ptr \[r15 \+ 8\], '
for engine in jit,hot=0 jit interp lockstep; do
	ok "$engine: exec" logs exec '^exec: cpu 0 pc 40080000 el1$' $engine
	ok "$engine: cpu" logs exec,cpu '^X00=' $engine
	ok "$engine: int" logs int 'Exception return from AArch64 EL1 to AArch64 EL1 PC 0x4008001c' $engine
	ok "$engine: mmu" logs mmu '^tlbi: cpu 0 ' $engine
	ok "$engine: psci" logs psci '^psci: cpu 0 fn 0x84000008' $engine
done
p boot -d mmu,int -D log
ok "mmu: walks" grep -Eq '^mmu: cpu 0 walk va 0x[0-9a-f]+ ' work/log
# -- who is logged, and what of it --
for engine in jit,hot=0 interp; do
	ok "$engine: cpu_reset: the registers of each CPU" logs cpu_reset '^CPU Reset \(CPU 0\)$' $engine
	ok "$engine: as it starts" grep -q '^CPU0 PC=0000000040080000$' work/log
	p boot -accel $engine -d dev -D log -display none -serial null
	ok "$engine: dev: register accesses" grep -Eq '^dev: cpu 0 write pl011\+0x0 size [14]: 0x[0-9a-f]+$' work/log
	ok "$engine: with what was read" grep -Eq '^dev: cpu 0 read pl011\+0x18 size 4: 0x[0-9a-f]+$' work/log
done
p boot -d gic -D log -display none -serial null
changes() { awk '/^gic: wire/ { if (is[$3] == $5) { print; same = 1 } is[$3] = $5 } END { exit same + 0 }' work/log; }
ok "gic: wires are logged when they change" changes
records() { # COUNT LINES: of a unit there are as many lines as it says
	p boot -smp 4 -accel jit,hot=0 -d in_asm,opt,out_asm,exec -D log -display none -serial null
	status 0 && awk '/^[A-Za-z]/ { if (left > 0) { print NR ": " $0; bad = 1 } left = 0 } /^IN of/ { left = $4 } /^ / { left-- } END { exit bad + 0 }' work/log
}
ok "records of four CPUs do not mix" records
filter() { # RANGES HAS LACKS
	p boot -accel "${3:-jit,hot=0}" -kernel p -display none -serial null -d in_asm,ir,opt,out_asm,exec -D log -dfilter "$1" && status 0 || return 1
	grep -q "$2" work/log || { echo "no line like '$2'"; cat work/log; return 1; }
}
ok "-dfilter START+SIZE" filter 0x40080000+4 '^IN of 40080000'
ok "and nothing else is logged" eval "! grep ' of ' work/log | grep -v 40080000"
ok "-dfilter FIRST..LAST, of several" filter 0x1000..0x2000,0x40080010..0x40080020 '^exec: cpu 0 pc 4008001c'
ok "and nothing else is logged" eval "! grep 40080000 work/log"
ok "-dfilter START-SIZE" filter 0x40080003-4 '^OUT of 40080000'
ok "-dfilter for the interpreter" filter 0x40080000+1 '^exec: cpu 0 pc 40080000' interp
for bad in "" x 1 1+ 1+0 4..2 1-3 1+2x 1.2 1+2,,; do
	ok "-dfilter '$bad'" refused 64 "-dfilter .*give START" boot -dfilter "$bad" -kernel p
done
# b . + 4 in turn, 50 times, then SYSTEM_OFF: chained, a unit is only seen until it is
program work/loop d2800640 14000001 d1000400 b5ffffc0 52800100 72b08000 d4000002
execs() { p boot -accel jit,hot=0,regions=off -kernel loop -display none -serial null -d "$1" -D log && status 0 && n=$(grep -c '^exec' work/log); }
more() { execs exec && few=$n && execs exec,nochain && [ "$n" -ge 50 ] && [ "$few" -lt 40 ] || { echo "$few $n"; return 1; }; }
ok "nochain: exec shows each unit each time" more
everything() { p boot -kernel p -display none -serial null -d all -D log && status 0 && for w in IN IR OPT OUT exec: CPU tlbi: psci: CPU0; do grep -q "^$w" work/log || { echo "no $w"; return 1; }; done; }
ok "all: every item" everything
ok "an unknown item" refused 64 "unknown log item 'mmmu'" boot -d mmmu -kernel p
finish
