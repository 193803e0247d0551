#!/usr/bin/env bash
# A disk when parma ends in the middle of a guest's writes, by a signal or kill -9: every block that the guest knows to be flushed
# is there, and no block of 4 KiB is half old, half new.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest
command -v python3 >/dev/null || { echo "1..0 # SKIP no python3"; exit 0; }
for t in dd yes head; do command -v $t >/dev/null || { echo "1..0 # SKIP no $t"; exit 0; }; done

# Block n holds its number as text of 8 characters, 512 times; a second round goes over it again with the number plus 10000000.
script='for round in 0 1 2 3; do
n=0
while [ $n -lt 60 ]; do
	v=$(printf "%07d\n" $((round * 1000000 + n)))
	yes $v | head -n 512 | dd of=/dev/vda bs=4096 seek=$n conv=notrunc,fsync 2>/dev/null && echo "flushed $round $n"
	n=$((n + 1))
done
done'
check='import re, sys
img = open("work/disk", "rb").read()
flushed = {}
for l in open("out.live", errors="replace"):
    m = re.match(r"flushed (\d+) (\d+)\s*$", l)
    if m: flushed[int(m[2])] = int(m[1])
bad = 0
for n in range(60):
    b = img[n * 4096:(n + 1) * 4096]
    if b != b[:8] * 512: print("block %d is torn" % n); bad += 1
    elif n in flushed and int(b[:7].strip(b"\0") or b"-1") < flushed[n] * 1000000 + n: print("block %d: %r, but round %d was flushed" % (n, b[:8], flushed[n])); bad += 1
print(len(flushed), "blocks known")
sys.exit(bad > 0 or len(flushed) < 20)'

ended() { # SIGNAL ENGINE
	rm -f work/disk out.live
	truncate -s 1M work/disk
	mkdir -p initrd.d
	printf '%s\n' "$script" >initrd.d/command
	(cd initrd.d && echo command | cpio -o -H newc --quiet) | gzip -1 | cat "$guest/initrd" - >initrd
	(cd work && exec env --default-signal "$parma" boot -m 512M -kernel "$guest/kernel" -initrd ../initrd -display none -serial stdio -no-reboot \
		-append "console=ttyAMA0 loglevel=3 panic=-1" -accel "$2" -drive file=disk,format=raw,if=none,id=d,cache="${3:-writeback}" \
		-device virtio-blk-device,drive=d) </dev/null >out.live 2>err &
	local pid=$!
	for _ in $(seq 1200); do
		[ "$(grep -c flushed out.live)" -ge 80 ] && break
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	kill "-$1" $pid
	wait $pid
	python3 -c "$check"
}
for s in KILL TERM INT; do
	ok "SIG$s, translated" ended $s jit
done
ok "SIGKILL, interpreted" ended KILL interp
ok "SIGKILL, cache=none" ended KILL jit none
finish
