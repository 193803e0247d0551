#!/usr/bin/env bash
# The translator on lesser hosts: without each feature that it can do without, random programs run as in the interpreter; without
# one that it needs, it says so, or leaves the guest to the interpreter.
. "$(dirname "$0")/../cli/lib.sh"
random=$(dirname "$parma")/tests/xlate/t_lockstep_random
n=${PARMA_HOST_CPU_PROGRAMS:-1500}
"$random" 1 1 | grep -q '^ok' || { echo "1..0 # SKIP this host does not do"; exit 0; }

seed=0
for cpu in base host-aes-pclmul-sha host-fma host-f16c base+fma+f16c; do
	seed=$((seed + 1))
	ok "$cpu: random programs" env HOST_CPU=$cpu "$random" 77$seed "$n"
	ok "$cpu: floating point" env HOST_CPU=$cpu "${random%/*}/t_fp" 77$seed "$n"
done
for cpu in host-avx2 host-bmi2 host-bmi1 host-lzcnt none; do
	ok "$cpu: no translator" refused 71 'needs a host with AVX2' boot -accel jit,host-cpu=$cpu
	ok "$cpu: the interpreter instead" runs 0 'messages around the ring: 200 of 200 +ok' boot -accel tcg,host-cpu=$cpu
done
ok "base: the built-in guest" runs 0 'messages around the ring: 200 of 200 +ok' boot -accel jit,hot=0,host-cpu=base
ok "an unknown feature" refused 64 'host-cpu=host-mmx' boot -accel jit,host-cpu=host-mmx
finish
