#!/usr/bin/env bash
# What the emulator takes for itself after a boot of Debian's kernel with 4 CPUs: its resident memory without the
# guest's RAM, which is the one mapping of the guest's size.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest

mib=$((600 + RANDOM % 40 * 2)) # a size that no other mapping has
linux_bg() { # as linux(), until it says "cpus"; it waits for a line then
	mkdir initrd.d
	echo 'echo "cpus $(nproc)"; read -r line' >initrd.d/command
	(cd initrd.d && echo command | cpio -o -H newc --quiet) | gzip -1 | cat "$guest/initrd" - >initrd
	mkfifo in
	exec 5<>in
	"$parma" boot -m ${mib}M -smp 4 -kernel "$guest/kernel" -initrd initrd -display none -serial stdio -no-reboot \
		-append "console=ttyAMA0 loglevel=4 panic=-1" -stats text <&5 >out 2>err &
	pid=$!
	until_true grep -q '^cpus 4' out
}
# Resident KiB: guest's RAM, all.
resident() {
	awk -v ram=$((mib * 1024)) '/^Size:/ { size = $2 } /^Rss:/ { all += $2; if (size == ram) guest += $2 } END { print guest + 0, all }' \
		"/proc/$pid/smaps"
}
linux_bg
read -r ram all < <(resident)
echo >&5
wait "$pid"
own=$(((all - ram) / 1024))
ok "the guest ran, in $((ram / 1024)) of its $mib MiB" [ "$ram" -gt 30000 ]
ok "parma's own memory is $own MiB, under 200" [ $own -lt 200 ]
ok "-stats: bytes of code and tables for a byte of guest code" grep -E '^host per guest byte +[0-9.]+ code, [0-9.]+ tables$' err
ok "-stats: the part of the time that translation takes" grep -E '^translation +[0-9.]+% of the busy time, [0-9]+ ns' err
finish
