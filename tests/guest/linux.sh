# For the tests that boot Debian's kernel: sourced after tests/cli/lib.sh.
cache=${PARMA_CACHE:-$top/.cache}
guest=$cache/guest

# Ends the test as skipped where the guest cannot be had.
need_guest() {
	command -v cpio >/dev/null && PATH=$PATH:/sbin:/usr/sbin command -v depmod >/dev/null || { echo "1..0 # SKIP no cpio or depmod"; exit 0; }
	"$top/src/guest/mkguest" "$guest" >mkguest.log 2>&1 || { echo "1..0 # SKIP no guest: $(tail -1 mkguest.log)"; exit 0; }
}

# The engines of this build, the reference last; a test may set engine= to one of them.
engines() { "$parma" boot -accel help | sed -n 's/^\(jit\) .*/\1/p'; echo interp; }

# A host that lets a vCPU stand still for half a minute is no fault of the kernel's.
patient="rcupdate.rcu_cpu_stall_timeout=300 watchdog_thresh=60"

# linux SCRIPT OPTIONS...: boots with a shell script as the guest's command; what it prints lands in out, parma's status in $rc.
linux() {
	local script=$1
	shift
	rm -rf initrd.d
	mkdir initrd.d
	printf '%s\n' "$script" >initrd.d/command
	(cd initrd.d && echo command | cpio -o -H newc --quiet) | gzip -1 | cat "$guest/initrd" - >initrd
	limit=${limit:-3000} p boot -m 512M -kernel "$guest/kernel" -initrd ../initrd -display none -serial stdio -no-reboot \
		-append "console=ttyAMA0 loglevel=4 panic=-1 $patient ${append-}" ${engine:+-accel $engine} "$@"
}
# Ends the test as skipped where the root file system cannot be had; else work/root.img is a copy of it.
need_root() {
	for t in mke2fs dpkg-deb; do
		PATH=$PATH:/sbin:/usr/sbin command -v $t >/dev/null || { echo "1..0 # SKIP no $t"; exit 0; }
	done
	"$top/tests/guest/mkroot" "$cache/root" >mkroot.log 2>&1 || { echo "1..0 # SKIP no root file system: $(tail -1 mkroot.log)"; exit 0; }
	cp --sparse=always "$cache/root/root.img" work/root.img
}
# root SCRIPT OPTIONS...: one boot of the root file system, with a shell script to run there.
root() {
	printf '%s\n' "$1" >work/job
	shift
	truncate -s 64K work/job
	p boot -smp 2 -m 1G -kernel "$guest/kernel" -initrd "$guest/initrd" -nographic -no-reboot \
		-append "console=ttyAMA0 root=/dev/vda rw loglevel=4 panic=-1" ${engine:+-accel $engine} \
		-drive file=job,format=raw,if=none,id=j,readonly=on -device virtio-blk-device,drive=j \
		-drive file=root.img,format=raw,if=none,id=r -device virtio-blk-device,drive=r "$@"
}
# said PATTERN: status 0 and that line.
said() { status 0 && says "$1"; }
