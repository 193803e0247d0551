#!/bin/sh
# Takes what DHCP offers (called by udhcpc).
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ifconfig "$interface" "$ip" netmask "$subnet" up
[ -n "$router" ] && route add default gw "${router%% *}" dev "$interface"
: >/etc/resolv.conf
for s in $dns; do echo "nameserver $s" >>/etc/resolv.conf; done
