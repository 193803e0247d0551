#!/usr/bin/env bash
# Firmware of the distribution in the board's flash: U-Boot keeps its environment over a restart, UEFI (EDK II) finds its
# variables and starts Debian's kernel. Skipped where it cannot be had.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest

mkdir -p "$cache/firmware"
if [ ! -s "$cache/firmware/u-boot.bin" ] || [ ! -s "$cache/firmware/AAVMF_VARS.fd" ]; then
	mkdir debs
	(cd debs && apt-get download -q u-boot-qemu qemu-efi-aarch64) >apt.log 2>&1 ||
		{ echo "1..0 # SKIP u-boot-qemu and qemu-efi-aarch64 cannot be had: $(tail -1 apt.log)"; exit 0; }
	for d in debs/*.deb; do dpkg-deb -x "$d" debs/x; done
	cp debs/x/usr/lib/u-boot/qemu_arm64/u-boot.bin debs/x/usr/share/AAVMF/AAVMF_CODE.fd debs/x/usr/share/AAVMF/AAVMF_VARS.fd "$cache/firmware"
fi
fw=$cache/firmware
cp "$fw/u-boot.bin" u-boot
truncate -s %512 u-boot

# prompted N: U-Boot has asked for its Nth command, or ended. What is typed earlier, a command that runs may swallow.
prompted() {
	local k
	for k in $(seq 6000); do
		[ "$(tr -d '\r' <out.raw | grep -c '^=> ')" -ge "$1" ] && return
		kill -0 $pid 2>/dev/null || return
		sleep 0.1
	done
}
# uboot LINES OPTIONS...: U-Boot with lines typed when it asks for them.
uboot() {
	local lines=$1 n=0 pid
	shift
	rc=0
	rm -f in
	mkfifo in
	exec 5<>in
	: >out.raw
	(cd work && exec timeout 1200 "$parma" boot -m 256M -display none -serial stdio "$@") <in >out.raw 2>err &
	pid=$!
	while read -r l; do
		prompted $((++n))
		printf '%s\n' "$l" >&5
	done <<<"$lines"
	wait $pid || rc=$?
	exec 5>&-
	tr -d '\r' <out.raw >out
}
truncate -s 64M work/vars
for engine in $(engines); do
	uboot 'poweroff' -accel "$engine" -bios "$fw/u-boot.bin"
	ok "$engine: U-Boot from -bios finds the flash" said '^Flash: 64 MiB'
	uboot "setenv parma $engine
saveenv
poweroff" -accel "$engine" -drive if=pflash,format=raw,readonly=on,file=../u-boot -pflash vars
	ok "$engine: U-Boot saves its environment" said '^Writing to Flash... done'
	uboot 'printenv parma
poweroff' -accel "$engine" -drive if=pflash,format=raw,readonly=on,file=../u-boot -pflash vars
	ok "$engine: and has it after a restart" said "^parma=$engine"
done
cp "$fw/AAVMF_VARS.fd" work/vars
linux 'dmesg | grep -c "efi: EFI v2"; ls /sys/firmware/efi | grep -c systab' -smp 2 -m 1G \
	-drive if=pflash,format=raw,readonly=on,file="$fw/AAVMF_CODE.fd" -drive if=pflash,format=raw,unit=1,file=vars
ok "UEFI starts Debian's kernel that it gets through fw_cfg" said '^1$'
changed() { ! cmp -s work/vars "$fw/AAVMF_VARS.fd"; }
ok "UEFI wrote its variables" changed
finish
