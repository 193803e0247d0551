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
ok "out_asm: the host's code" logs out_asm '^OUT: [0-9]+ bytes at '
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
ok "an unknown item" refused 64 "unknown log item 'mmmu'" boot -d mmmu -kernel p
finish
