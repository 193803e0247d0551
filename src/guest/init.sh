#!/bin/busybox sh
# /init of parma's guest: mounts, drivers, then a command (/command, put there
# by bootstrap), a root file system (root= on the kernel command line) or a shell.
/bin/busybox mkdir -p /bin /sbin /usr/bin /usr/sbin /proc /sys /dev /tmp /root /mnt /etc
/bin/busybox mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM=${TERM:-vt100}
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
hostname guest
ifconfig lo 127.0.0.1 up

# Drivers in dependency order; a device that is not there costs nothing but the load.
while read -r m; do
	insmod "/lib/modules/$m" 2>/dev/null
done </lib/modules/order

option() { # value of NAME=... on the kernel command line
	for w in $(cat /proc/cmdline); do
		case "$w" in "$1="*) echo "${w#*=}"; return ;; esac
	done
}

for port in /sys/class/virtio-ports/*; do
	[ -r "$port/name" ] && ln -sf "/dev/${port##*/}" "/dev/$(cat "$port/name")"
done

if [ -n "$(option net)" ] && [ -d /sys/class/net/eth0 ]; then
	ifconfig eth0 up
	udhcpc -q -n -i eth0 -s /etc/udhcpc.sh >/dev/null 2>&1
fi

if [ -f /command ]; then
	if [ -c /dev/parma.out ]; then
		sh /command </dev/null >/dev/parma.out 2>/dev/parma.err
	else
		sh /command
	fi
	status=$?
	[ -c /dev/parma.status ] && echo "$status" >/dev/parma.status
	poweroff -f
fi

root=$(option root)
if [ -n "$root" ]; then
	init=$(option init)
	for _ in 1 2 3 4 5 6 7 8 9 10; do [ -b "$root" ] && break; sleep 0.2; done
	case " $(cat /proc/cmdline) " in *" ro "*) mode=ro ;; *) mode=rw ;; esac
	if mount -o "$mode" "$root" /mnt; then
		mount --move /dev /mnt/dev
		mount --move /proc /mnt/proc
		mount --move /sys /mnt/sys
		exec switch_root /mnt "${init:-/sbin/init}"
	fi
	echo "init: cannot mount $root; here is a shell"
fi

# There is no init process to ask: these act at once.
printf 'alias poweroff="poweroff -f" reboot="reboot -f" halt="poweroff -f"\n' >/etc/profile

echo
echo "parma guest: $(nproc) CPUs, Linux $(uname -r). \`poweroff\` or Ctrl-A x leaves."
while :; do
	setsid cttyhack sh -l
	poweroff -f
done
