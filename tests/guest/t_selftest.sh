#!/usr/bin/env bash
# Checks that the kernel and a program make of the machine, in a guest: the self-tests of all cryptographic algorithms of
# the distribution's kernel (those of the Arm extensions among them), RAID6 syndromes, test_bpf (the kernel's own
# translator), copies to and from user space; and fpcheck.c, which proves floating-point results by integer arithmetic.
# On each engine; ENGINES="jit" runs one.  KEEP=FILE keeps what the last guest printed.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest
cross=${CROSS_CC:-aarch64-linux-gnu-gcc}
work=$guest/work
deb=$(ls "$work"/deb/linux-image-*.deb 2>/dev/null | head -1)
[ -n "$deb" ] || { echo "1..0 # SKIP the kernel's package is not in $guest"; exit 0; }
dpkg-deb -x "$deb" kernel
version=$(basename kernel/lib/modules/*)
PATH=$PATH:/sbin:/usr/sbin depmod -b kernel "$version"

# Modules in the order of their dependencies; the last ones only test, and refuse to stay.
mkdir -p extra/modules
(cd kernel/lib/modules/"$version"/kernel && ls arch/arm64/crypto/*.ko crypto/*.ko lib/raid6/*.ko lib/test_user_copy.ko lib/test_static_key*.ko lib/test_bpf.ko) |
	sed 's/.*\///; s/\.ko$//' | grep -v '^tcrypt$\|^pcrypt$\|^af_alg$\|^algif' | while read -r m; do
	PATH=$PATH:/sbin:/usr/sbin modprobe -d kernel -S "$version" --show-depends "$m" 2>/dev/null | awk '$1 == "insmod" {print $2}'
done | awk '!seen[$0]++' | while read -r path; do
	cp "$path" extra/modules/
	basename "$path"
done >extra/modules.order
checks=
if command -v "$cross" >/dev/null && "$cross" -O1 -static -frounding-math -ffp-contract=off -o extra/fpcheck "$top/tests/guest/fpcheck.c" -lm 2>/dev/null; then
	checks=yes
fi
cat >extra/command <<'END'
while read -r m; do
	[ -e /lib/modules/$m ] && busybox lsmod | grep -q "^$(echo ${m%.ko} | tr - _) " && continue
	busybox insmod /modules/$m 2>/dev/null || echo "refused $m"
done </modules.order
sleep 1
awk() { busybox awk "$@"; }
busybox dmesg | busybox grep -i 'alg: .*fail\|self-test.*fail\|test_bpf: Summary\|test_bpf: .*FAIL\|test_bpf: test_tail\|raid6: using\|tests passed\|raid6: .*gen()' | busybox sed 's/^\[[^]]*\] *//'
awk '/^driver/ {d = $3} /^selftest/ {n[$3]++; if ($3 != "passed") print "selftest", $3, d} END {for (k in n) print "algorithms", k, n[k]}' /proc/crypto
awk '/^driver/ {print "driver", $3}' /proc/crypto | sort | busybox tr '\n' ' '
echo
[ -e /fpcheck ] && { /fpcheck; /fpcheck planted; }
echo "selftest: done"
END
(cd extra && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) | gzip -1 | cat "$guest/initrd" - >initrd
says_not() { ! grep -E -- "$1" out; }

for engine in ${ENGINES:-$(engines)}; do
	limit=1500 p boot -m 768M -smp 2 -kernel "$guest/kernel" -initrd ../initrd -display none -serial stdio -no-reboot \
		-append "console=ttyAMA0 loglevel=4 panic=-1" -accel "$engine"
	ok "$engine: it comes to its end" said '^selftest: done'
	ok "$engine: more than 100 algorithms pass their self-tests" says '^algorithms passed 1[0-9][0-9]'
	ok "$engine: none fails" says_not '^algorithms (unknown|failed)|^alg: .*fail|^selftest '
	for d in aes-ce ctr-aes-ce sha1-ce sha256-ce sha512-ce sha3-256-ce gcm-aes-ce crct10dif-arm64-ce chacha20-neon poly1305-neon polyval-ce; do
		ok "$engine: $d is among them" says "driver $d "
	done
	ok "$engine: RAID6 has chosen by measuring" says '^raid6: using algorithm'
	ok "$engine: test_bpf, as far as it goes" says '^test_bpf: Summary: [0-9]+ PASSED, 0 FAILED'
	ok "$engine: copies to and from user space" says 'tests passed'
	[ -z "$checks" ] || ok "$engine: floating point against integer arithmetic" says '^fpcheck: 0 wrong of [0-9]{6}'
	[ -z "$checks" ] || ok "$engine: which notices wrong rounding, in every kind of operation" says '^fpcheck planted: noticed by 9 of 9 kinds'
done
[ -z "$KEEP" ] || cp out "$KEEP"
finish
