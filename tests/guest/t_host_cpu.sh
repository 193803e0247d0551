#!/usr/bin/env bash
# Debian's kernel on the translator with no more of the host than it needs.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest
for cpu in base host-aes-sha host-fma-f16c; do
	engine=jit,hot=0,host-cpu=$cpu
	limit=${PARMA_LONG_LIMIT:-600} linux 'echo "cpus $(nproc)"
	head -c 300000 /dev/zero | sha256sum
	dmesg | grep -v rcu_cpu_stall_timeout | grep -ci "call trace\|BUG\|rcu.*stall"' -smp 2
	ok "$cpu: boots" said '^cpus 2$'
	ok "$cpu: sums" says "^$(head -c 300000 /dev/zero | sha256sum | cut -d' ' -f1)"
	ok "$cpu: no complaint of the kernel" says '^0$'
done
finish
