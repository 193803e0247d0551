#!/usr/bin/env bash
# Two things that emulators get wrong, by a Linux program (memorder.c) within Debian's kernel: 0/0 of store buffering with STLR/LDAR
# and with DMB, and STLXR that succeeds after another thread's A, B, A; with 2 and 4 CPUs never. Where qemu-system-aarch64 is
# installed and MEMORDER_QEMU is set, the same guest runs there too; what it shows is printed.
#
#   MEMORDER_SECONDS=N     for each of the program's tests (default 0.5)
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest
cc=${CROSS_CC:-aarch64-linux-gnu-gcc}
seconds=${MEMORDER_SECONDS:-0.5}
echo 'int main(void) { return 0; }' >have.c
"$cc" -static -pthread -o have have.c 2>/dev/null || { echo "1..0 # SKIP no $cc with a static C library"; exit 0; }
mkdir -p extra
"$cc" -O2 -Wall -Wextra -Werror -static -pthread -march=armv8.1-a -o extra/memorder "$top/tests/guest/memorder.c" 2>cc.log
ok "the program builds" test -s extra/memorder
echo "chmod +x /memorder; /memorder $seconds; echo memorder status \$?" >extra/command
(cd extra && printf 'command\nmemorder\n' | cpio -o -H newc --quiet) | gzip -1 | cat "$guest/initrd" - >initrd
options=(-m 512M -kernel "$guest/kernel" -display none -nodefaults -serial stdio -no-reboot
	-append "console=ttyAMA0 loglevel=4 panic=-1")

never() { # TEST: it ran, and the forbidden did not happen
	says "^$1 [1-9][0-9]* 0"$'\r'"?\$"
}
for smp in 2 4; do
	limit=3000 p boot "${options[@]}" -initrd ../initrd -smp "$smp"
	ok "$smp CPUs: ends well" said '^memorder status 0'
	for t in sb-stlr-ldar sb-dmb sb-swpal-ldar aba-stores aba-exclusives aba-lse stack; do
		ok "$smp CPUs: $t: $(sed -n "s/^$t \([0-9]*\) .*/\1 trials/p" out)" never "$t"
	done
	sed -n 's/^# sb-plain \([0-9]*\) \([0-9]*\).*/# plain store buffering, allowed: \2 of \1/p' out
done
if [ -n "${MEMORDER_QEMU-}" ] && command -v qemu-system-aarch64 >/dev/null; then
	timeout 300 qemu-system-aarch64 -M virt -cpu max -accel tcg,thread=multi "${options[@]}" -initrd initrd -smp 2 </dev/null 2>/dev/null |
		tr -d '\r' | awk '/^(# )?(sb|aba|stack)/ { sub(/^# /, ""); print "# the reference: " $1 ": " $3 " of " $2 }'
fi
finish
