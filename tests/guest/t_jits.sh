#!/usr/bin/env bash
# Programs of the distribution that translate while they run, which is the guest writing code: node, LuaJIT and a JVM give the
# answers that the host computes, on one vCPU and on four.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest
for t in mke2fs dpkg-deb python3; do
	PATH=$PATH:/sbin:/usr/sbin command -v $t >/dev/null || { echo "1..0 # SKIP no $t"; exit 0; }
done
"$top/tests/guest/mkroot" "$cache/jits" 1400M nodejs luajit openjdk-17-jdk-headless >mkroot.log 2>&1 ||
	{ echo "1..0 # SKIP no root file system: $(tail -1 mkroot.log)"; exit 0; }
programs=$top/tests/guest/jits
python3 "$programs/work.py" >want || exit 99

job() { # OPTIONS...: all three on that machine
	{
		for f in work.js work.lua Work.java; do
			echo "cat >$f <<'END_OF_FILE'"
			cat "$programs/$f"
			echo END_OF_FILE
		done
		echo 'seeds() { for s in 1 2 3 4; do "$@" work.lua $s & done; wait; }
		java=$(ls -d /usr/lib/jvm/java-17-openjdk-*/bin/java) lua=$(ls /usr/bin/luajit* | head -1)
		node work.js 2>&1 | sed "s/^/node: /"
		seeds "$lua" 2>&1 | sed "s/^/luajit: /"
		"$java" -Xmx256m Work.java 2>&1 | sed "s/^/java: /"
		dmesg | grep -v rcu_cpu_stall_timeout | grep -ci "call trace\|BUG\|rcu.*stall\|segfault" | sed "s/^/complaints: /"'
	} >work/job
	truncate -s 64K work/job
	limit=${PARMA_LONG_LIMIT:-900} p boot -m 1536M -kernel "$guest/kernel" -initrd "$guest/initrd" -nographic -no-reboot \
		-append "console=ttyAMA0 root=/dev/vda rw loglevel=4 panic=-1" \
		-drive file=job,format=raw,if=none,id=j,readonly=on -device virtio-blk-device,drive=j \
		-drive file="$cache/jits/root.img",format=raw,if=none,id=r,snapshot=on -device virtio-blk-device,drive=r "$@"
}
same() { # NAME: its four lines, in any order
	diff <(sed -n "s/^$1: //p" out | sort) want || { grep "^$1:" out; tail -3 err; return 1; }
}
for cpus in 1 4; do
	job -smp $cpus
	ok "$cpus vCPUs: boots and powers off" said '^job: status 0'
	for name in node luajit java; do
		ok "$cpus vCPUs: $name" same $name
	done
	ok "$cpus vCPUs: no complaint of the kernel" says '^complaints: 0'
done
finish
