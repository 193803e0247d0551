#!/usr/bin/env bash
# Bad usage and bad input: one clear line on stderr, a status that is not 0, nothing written.
. "$(dirname "$0")/lib.sh"
usage=64 input=66 host=71

# -- files --
program work/idle d503207f 17ffffff
: >work/empty
mkdir work/folder
head -c 70000 /dev/urandom >work/noise
# An EFI-stub Image of 4096 bytes by its section table, and 1 MiB by its header.
truncate -s 4096 work/image
poke() { printf "$2" | dd of=work/image bs=1 seek="$1" conv=notrunc status=none; }
poke 0 'MZ'
poke 16 '\0\0\x10'
poke 56 'ARM\x64'
poke 60 '\x40'
poke 64 'PE\0\0\x64\xaa\1'
poke 84 '\0\0'
poke $((88 + 16)) '\0\x08\0\0\0\x08\0\0'
head -c 3000 work/image >work/image-short
head -c 70 work/image >work/image-shorter
gzip -c work/noise | head -c 40000 >work/noise.gz
elf() { # class, machine (two bytes): an ELF header that announces program headers
	printf '\x7fELF'"$1"'\1\1\0\0\0\0\0\0\0\0\0\2\0'"$2"'\1\0\0\0'
	printf '\0\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\x38\0\1\0\0\0\0\0\0\0'
}
elf '\2' '\x3e\0' >work/elf-x86
elf '\1' '\x28\0' >work/elf-arm32
elf '\2' '\xb7\0' >work/elf-short
truncate -s 5000 work/odd.img
truncate -s 0 work/zero.img
truncate -s 1M work/good.img
truncate -s 65M work/big.img

k="-kernel idle"
d="-device virtio-blk-device,drive=d"
while IFS='~' read -r code pattern args; do
	[ -n "$args" ] || continue
	case $code in U) code=$usage ;; I) code=$input ;; H) code=$host ;; esac
	eval "set -- $args"
	ok "boot $args" refused "$code" "$pattern" boot "$@"
done <<E2
I~could not load kernel 'missing'~-kernel missing
I~folder~-kernel folder
I~empty~-kernel empty
I~truncated kernel~-kernel image-short
I~truncated kernel~-kernel image-shorter
I~truncated gzip~-kernel noise.gz
I~another machine~-kernel elf-x86
I~another machine~-kernel elf-arm32
I~truncated ELF~-kernel elf-short
I~more RAM with -m~-kernel noise -m 1M -initrd good.img
I~more with -m~-m 1M -kernel good.img
U~between 1 MiB~-m 512K
U~between 1 MiB~-m 400G
U~-m~-m lots
I~cannot open 'missing'~$k -initrd missing
I~cannot open 'missing'~$k -dtb missing
I~not a valid device tree~$k -dtb noise
U~needs a -kernel~-initrd idle
U~needs a -kernel~-append quiet
I~cannot open 'missing'~-bios missing
U~did you mean -kernel~-kernl idle
U~did you mean -nographic~--nografic
U~unknown option '-zzzz'~-zzzz
U~is not an option~idle
U~-kernel needs an argument~-kernel
U~max CPUs supported .* is 128~-smp 129
U~-smp~-smp 0
U~hot: 999999~-accel interp,hot=999999
U~fold: "maybe"~-accel interp,fold=maybe
U~pauth-impdef~-cpu max,pauth-impdef=maybe
U~sve=on is not possible~-cpu max,sve=on
U~-smp~-smp two
U~-smp~-smp -1
U~-smp~-smp 4x
U~-smp~-smp cpus=2,sokets=1
U~at most 8~-smp 9 -M virt,gic-version=2
U~gic-version~-M virt,gic-version=5
U~unknown machine 'pc'~-M pc
U~gic-versoin~-M virt,gic-versoin=3
U~virtualization~-M virt,virtualization=on
U~unknown CPU model~-cpu cortex-m0
U~not possible~-cpu max,sve=on
U~-cpu~-cpu max,foo=on
U~cannot run the guest itself~-accel kvm
U~cannot run the guest itself~-M virt,accel=kvm:hvf
U~one vCPU: give -smp 1~-accel lockstep -smp 2
U~lockstep runs no disks~-accel lockstep -nic user
U~unknown accelerator 'hvx'~-accel interp -accel hvx
U~only 'none'~-monitor stdio
U~only 'none'~-display gtk
U~unknown back end~-serial floppy
U~no -chardev~-serial chardev:x
U~unknown back end~-chardev floppy,id=x
U~id~-chardev null
U~path~-chardev file,id=x
I~nowhere~-chardev file,id=x,path=nowhere/x
U~base=~-rtc base=yesterday
U~unknown log item~-d everything
.~nowhere~-d int -D nowhere/log
U~foo~-device foo
U~virtio-blk-device~-device virtio-blk-devic
U~colour~-device virtio-rng-device,colour=red
U~drive~-device virtio-blk-device
U~d~$d
I~cannot open~-drive file=missing,if=none,id=d,format=raw $d
.~folder~-drive file=folder,if=none,id=d,format=raw $d
.~format~-drive file=good.img,if=none,id=d,format=qcow2 $d
U~(fle|file=)~-drive fle=good.img,if=none,id=d $d
U~if=~-drive file=good.img,if=scsi,id=d
.~empty~-drive file=zero.img,if=none,id=d,format=raw $d
U~netdev~-device virtio-net-device,netdev=n
U~-netdev~-netdev tapp,id=n
U~hostfwd~-netdev user,id=n,hostfwd=nonsense -device virtio-net-device,netdev=n
U~chardev~-device virtio-serial-device -device virtconsole,chardev=none
.~loader~-device loader
H~cannot write 'nowhere/x'~-dumpdtb nowhere/x
I~cannot open 'missing'~-kernel missing -chardev file,id=x,path=new -serial chardev:x
U~foo~-chardev file,id=x,path=new -serial chardev:x -device foo
I~cannot open~-chardev file,id=x,path=new -serial chardev:x -drive file=missing,if=none,id=d $d
I~whole sectors~-drive file=odd.img,if=none,id=d,format=raw $d
U~drive~-drive if=none,id=d,format=raw $d
U~JSON~-blockdev '{}'
I~cannot open~-blockdev driver=file,node-name=d,filename=missing $d
U~tb-size~-accel jit,tb-size=0
U~tb-size~-accel jit,tb-size=9999
U~tb-size~-accel jit,tb-sise=9
U~perf~-accel tcg,perf=map
U~rr~-sched rr:1 -accel jit
U~-sched~-sched list:x
U~-sched~-sched sideways
U~-stats~-stats xml
.~nowhere~-qmp unix:nowhere/q,server=on,wait=off
U~-global~-global foo=bar
U~target~-semihosting-config target=gdb
U~no PCI; leave it out~$k -device pci-testdev
U~no PCI; leave it out~$k -device pcie-root-port,id=r
U~accel interp has none~-accel interp -accel jit -perfmap
U~its=on~-M virt,its=on
U~acpi=on~-M acpi=on
U~cannot run the guest itself~-enable-kvm
U~shift~-icount shift=auto
U~align=on~-icount shift=1,align=on
U~shutdown=pause~-action shutdown=pause
U~dies~-smp 2,dies=2
U~only 'none'~-vnc :1
I~cannot open~-fw_cfg name=opt/x,file=missing
U~fw_cfg~-fw_cfg name=opt/x
.~missing~-object rng-random,id=r,filename=missing -device virtio-rng-device,rng=r
U~no -object~-device virtio-rng-device,rng=none
U~id~-netdev user
U~twice~-netdev user,id=n -netdev user,id=n
U~model~-nic user,model=e1000
.~ (too large|larger|flash)~-bios good.img -bios big.img
U~smp~-smp 2,cpus=x
U~net=~-netdev user,id=n,net=1.2.3
U~too long~-serial unix:$(printf %0200d 0),server=on,wait=off
.~connect~-serial unix:nowhere
U~-sandbox~-sandbox sometimes
U~twice~-chardev null,id=n -chardev null,id=n
U~twice~-drive file=good.img,if=none,id=d -drive file=good.img,if=none,id=d
U~colour~-semihosting-config colour=red
E2
# A host without memory for the guest.
nomem() { (ulimit -v 3000000; refused $host 'less memory' boot -m 8G); }
case $(nm -D "$parma" 2>/dev/null; nm "$parma" 2>/dev/null | head -2000) in
*__asan* | *__tsan*) skip "no memory on the host" "sanitizers take all address space" ;;
*) ok "no memory on the host" nomem ;;
esac
ok "unknown command" refused $usage "did you mean boot" boott
finish
