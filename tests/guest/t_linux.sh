#!/usr/bin/env bash
# Debian's kernel boots, finds its CPUs, disk, network and ports, and powers off. Skipped where the kernel cannot be
# had.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest

# A disk that is written, flushed and read again; the host sees what the guest wrote.
on_disk() { [ "$(head -c 5 work/disk)" = hello ] && [ "$(stat -c %s work/disk)" = 4194304 ]; }
for engine in $(engines); do
rm -f work/disk
truncate -s 4M work/disk
linux 'echo "cpus $(nproc)"
printf hello | dd of=/dev/vda conv=notrunc,fsync 2>/dev/null
head -c 4194304 /dev/urandom >/tmp/r
dd if=/tmp/r of=/dev/vda bs=64k skip=1 seek=1 conv=notrunc,fsync 2>/dev/null
echo 3 >/proc/sys/vm/drop_caches
tail -c +65537 /tmp/r >/tmp/a; tail -c +65537 /dev/vda | cmp - /tmp/a && echo same
dd if=/dev/hwrng bs=16 count=1 2>/dev/null | wc -c
ls /sys/class/virtio-ports
dmesg | grep -v rcu_cpu_stall_timeout | grep -ci "call trace\|BUG\|rcu.*stall"' \
	-smp 2 -drive file=disk,format=raw,if=none,id=d -device virtio-blk-device,drive=d -device virtio-rng-device \
	-chardev null,id=c -device virtio-serial-device -device virtserialport,chardev=c,name=a.b
ok "$engine: boots with 2 CPUs and powers off" said '^cpus 2$'
ok "$engine: the disk holds what was written" says '^same$'
ok "$engine: and the host sees it" on_disk
ok "$engine: the random number device answers" says '^16$'
ok "$engine: the serial bus has its port" says '^vport'
ok "$engine: no complaint of the kernel" says '^0$'
done
engine=

engine=jit,tb-size=1,hot=16
linux 'echo "cpus $(nproc)"' -smp 4 -stats json:stats
evicted() { said '^cpus 4$' && [ "$(sed -n 's/.*"killed_region": \([0-9]*\).*/\1/p' work/stats)" -gt 10000 ]; }
ok "a code cache of 1 MiB, 4 CPUs, units evicted all the time" evicted
engine=

linux 'echo "cpus $(nproc)"; uname -m' -smp 4 -M virt,gic-version=2 -cpu cortex-a72 -global virtio-mmio.force-legacy=off
ok "GICv2, Cortex-A72, 4 CPUs" said '^cpus 4$'
finish
