#!/usr/bin/env bash
# Debian's kernel at several sizes; every CPU works; twenty boots in a row.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest

# A loop pinned to each CPU, all at once; then what each CPU has worked, in ticks.
# shellcheck disable=SC2016
busy='echo "cpus $(nproc)"
n=$(nproc)
k=0; while [ $k -lt $n ]; do taskset $(printf %x $((1 << k))) sh -c "i=0; while [ \$i -lt 60000 ]; do i=\$((i+1)); done; echo done-$k" & k=$((k + 1)); done
wait
grep "^cpu[0-9]" /proc/stat | while read -r c user nice rest; do [ $((user + nice)) -gt 2 ] && echo "worked $c"; done'
for engine in $(engines); do for n in 1 2 4 8; do
	linux "$busy" -smp $n
	all() { said "^cpus $n\$" && [ "$(grep -c '^done-' out)" = $n ] && [ "$(grep -c '^worked' out)" = $n ] || { cat out; return 1; }; }
	ok "$engine, -smp $n: each CPU works" all
done; done
for engine in $(engines); do for k in $(seq "${BOOTS:-20}"); do
	limit=600 linux 'echo "cpus $(nproc)"' -smp 4
	ok "$engine, boot $k at -smp 4" said '^cpus 4$'
done; done
# A code cache that holds a fortieth of what a boot translates: it is emptied all the time, and nobody waits for long.
engine=jit,tb-size=1
for k in $(seq "${BOOTS:-20}"); do
	limit=600 linux 'echo "cpus $(nproc)"' -smp 4
	ok "1 MiB of code cache, boot $k at -smp 4" said '^cpus 4$'
done
finish
