#!/usr/bin/env bash
# The workloads of parma scale on Linux, on 1, 2 and 4 CPUs that are switched on and off in one boot.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest
export PARMA_GUEST=$guest

limit=3000 p scale --hotplug --vcpus 1,2,4 --repeat 1 --work 1 --timeout 2900 --workload fork,pipe,futex,mmap,grow,build --csv w.csv
ok "six workloads on 1, 2 and 4 CPUs from one boot" status 0
for w in fork pipe futex mmap grow build; do
	ok "$w: a rate at each size" [ "$(awk -F, -v w=$w '$1 == w && $3 == 1 && $4 > 0' work/w.csv | wc -l)" = 3 ]
done
split() { awk -F, 'NR > 1 { s = 0; for (k = 14; k <= NF; k++) s += $k; if (s < 0.98 || s > 1.02) { print; bad = 1 } } END { exit bad }' work/w.csv; }
ok "the causes of each add up to the whole" split
limit=3000 p scale --vcpus 2 --repeat 1 --work 1 --workload futex -- false
ok "workload and command are not both" status 64
limit=3000 p scale --vcpus 2 --repeat 1 -- sh -c 'echo it says so >&2; exit 3'
failing() { status 1 && grep -q 'status 3' err; }
ok "a command that fails is told with its status" failing
finish
