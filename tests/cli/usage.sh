#!/usr/bin/env bash
# Help, lists, and the notation of options.
. "$(dirname "$0")/lib.sh"

ok "parma --help" runs 0 '^usage: parma COMMAND' --help
ok "parma help" runs 0 '^  boot ' help
ok "parma --version" runs 0 '^parma [0-9]' --version
ok "parma help boot" runs 0 '^  -kernel FILE' help boot
ok "parma boot --help" runs 0 '^usage: parma boot' boot --help
ok "-M help" runs 0 '^virt ' boot -M help
ok "-machine ?" runs 0 '^virt ' boot -machine '?'
ok "-cpu help" runs 0 'cortex-a72' boot -cpu help
ok "-cpu max,help" runs 0 'pmu=on' boot -cpu max,help
ok "-cpu ?" runs 0 'max' boot -cpu '?'
ok "-accel help" runs 0 '^interp' boot -accel help
ok "-device help" runs 0 'virtio-blk-device' boot -device help
ok "-chardev help" runs 0 'testdev' boot -chardev help
ok "-netdev help" runs 0 "Network back ends" boot -netdev help
for o in smp m drive blockdev nic object serial monitor qmp sched stats fw_cfg global display semihosting-config rtc; do
	ok "-$o help" runs 0 "^-$o " boot -$o help
	ok "-$o ?" runs 0 "^-$o " boot -$o "?"
done
ok "-d help" runs 0 '^guest_errors' boot -d help
# Scripts for QEMU's command look for its board's name, and find parma under that name.
as_qemu() { ln -sf "$parma" qemu-system-aarch64 && ./qemu-system-aarch64 "$@" >out 2>err </dev/null; }
ok "as qemu-system-aarch64: -machine ?" eval 'as_qemu -machine "?" && grep -q "ARM Virtual Machine" out'
ok "as qemu-system-aarch64: --version" eval 'as_qemu --version && grep -q "^parma [0-9]" out'
ok "an accelerator that needs an Arm host is passed over" eval 'as_qemu -M virt,accel=kvm:tcg -display none -serial stdio && as_qemu -accel kvm -accel tcg -display none -serial stdio'
ok "-M virt,? lists the board's properties" runs 0 'gic-version' boot -M virt,?
ok "as qemu-system-aarch64: boots" eval 'as_qemu -M virt,accel=tcg,highmem=off,its=off -cpu neoverse-n1 -smp 2 -display none -serial stdio && grep -q "CPUs" out'
ok "as qemu-system-aarch64: options that change nothing here" eval 'as_qemu -L /nowhere -k de -overcommit mem-lock=off -mem-prealloc -vnc none -audio none -action panic=none,reboot=shutdown -m 64M,slots=2,maxmem=1G -smp 2,sockets=1,dies=1 -display none -serial stdio && grep -q "CPUs" out'
ok "as qemu-system-aarch64: an unknown option" eval '! as_qemu -frobnicate && grep -q "unknown option .-frobnicate" err'
for c in $("$parma" boot -cpu help | awk '{print $1}'); do
	ok "-cpu $c: the built-in guest" eval "'$parma' boot -cpu $c -smp 2 -display none -serial stdio >out 2>err </dev/null || { cat out err; false; }"
done
hda() { truncate -s 1M work/hda.img && p boot -hda hda.img -net none -display none -serial stdio && status 0; }
ok "-hda, -net none" hda
rm -f work/hda.img
without_pmu() { p boot -cpu max,pmu=off -dumpdtb pmu.dtb && ! grep -q armv8-pmuv3 work/pmu.dtb && p boot -dumpdtb pmu.dtb && grep -q armv8-pmuv3 work/pmu.dtb; }
ok "-cpu max,pmu=off: no PMU in the device tree" without_pmu
no_command() { p; status 64 && grep -q '^usage: parma' err; }
ok "no command: usage on stderr" no_command

# What cannot be written is told, by each command.
full() { (cd work && exec timeout 600 "$parma" "$@") >/dev/full 2>err </dev/null; rc=$?; status 71 && grep -q 'cannot write to standard output' err; }
printf 'AArch64 SB\n{ 0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x; }\n P0 | P1 ;\n MOV W0,#1 | MOV W0,#1 ;\n STR W0,[X1] | STR W0,[X1] ;\n LDR W2,[X3] | LDR W2,[X3] ;\nexists (0:X2=0 /\\ 1:X2=0)\n' >work/sb.litmus
for c in help "help boot" "boot -d help" "model sb.litmus" "mapping list" "litmus -s 10 -r 1 sb.litmus" "litmus -q -s 10 -r 1 sb.litmus" "litmus -tap -s 10 -r 1 sb.litmus" "explain sb.litmus"; do
	ok "$c, to a disk that is full" full $c
done

# Every option of the help is in the manual page.
page=$(dirname "$parma")/docs/parma.1
in_manual() {
	local o bad=0
	for o in $("$parma" help boot | sed -n 's/^  -\([a-zA-Z_-]*\).*/\1/p'); do
		grep -q "^\.B \\\\-${o//-/\\\\-} " "$page" || { echo "-$o is not in $page"; bad=1; }
	done
	return $bad
}
ok "every option is in the manual page" in_manual
renders() { man --warnings -l "$page" >page 2>warnings && grep -q 'EXIT STATUS' page && [ ! -s warnings ] || { cat warnings; return 1; }; }
if command -v man >/dev/null && man --version >/dev/null 2>&1; then
	ok "the manual page renders" renders
else
	skip "the manual page renders" "no man"
fi

# -- device tree --
tree() { # options
	p boot -dumpdtb tree.dtb "$@" && status 0 || return 1
	command -v dtc >/dev/null || return 0
	dtc -q -I dtb -O dts work/tree.dtb -o tree.dts
}
node() { command -v dtc >/dev/null || return 0; grep -q "$1" tree.dts || { echo "no $1"; return 1; }; }
dumped() { tree "${@:2}" && node "$1"; }
ok "-dumpdtb" dumped 'cpu@0 {'
ok "-dumpdtb -smp 20: second cluster" dumped 'cpu@103 {' -smp 20
ok "-dumpdtb, gic-version=2" dumped 'arm,cortex-a15-gic' -M virt,gic-version=2
ok "-machine dumpdtb=" dumped 'arm,gic-v3' -M virt -machine dumpdtb=tree.dtb -machine gic-version=3
ok "-cpu cortex-a72 in the tree" dumped 'arm,cortex-a72' -cpu cortex-a72
ok "-m 3G in the tree" dumped 'reg = <0x00 0x40000000 0x00 0xc0000000>' -m 3G
finish
