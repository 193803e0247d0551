#!/bin/bash
# /sbin/init of mkroot's file system: networks, then runs the commands of the job
# (a second disk, /dev/vdb, with a shell script and zeros after it) and powers
# off; without a second disk, a login.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mountpoint -q /proc || mount -t proc proc /proc
mountpoint -q /sys || mount -t sysfs sys /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs shm /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp
mount -o remount,rw / 2>/dev/null
hostname "$(cat /etc/hostname)"
busybox ifconfig lo 127.0.0.1 up
if [ -d /sys/class/net/eth0 ]; then
	busybox ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
	busybox route add default gw 10.0.2.2
fi
if [ -b /dev/vdb ]; then
	tr -d '\0' </dev/vdb >/tmp/job
	(cd /root && bash /tmp/job) </dev/null
	echo "job: status $?"
else
	setsid -c agetty --autologin root --noclear console || bash -l
fi
sync
mount -o remount,ro /
busybox poweroff -f
