#!/usr/bin/env bash
# Debian's kernel from its first instruction to the shell with both engines in lockstep: no difference.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest

engine=lockstep
limit=${PARMA_LONG_LIMIT:-3000} linux 'echo "engines agree so far, cpus $(nproc)"
dd if=/dev/urandom of=/tmp/a bs=64k count=16 2>/dev/null && gzip -c /tmp/a | gunzip | cmp - /tmp/a && echo same
seq 1 2000 | sort -r | sha256sum
find /proc/self/ /sys/module/ -type f 2>/dev/null | wc -l | grep -q ... && echo found' -smp 1 -stats text
ok "boots to the shell" said '^engines agree so far, cpus 1$'
ok "packs and unpacks" says '^same$'
ok "sorts and sums" says "^$(seq 1 2000 | sort -r | sha256sum | cut -d' ' -f1)"
ok "reads /proc and /sys" says '^found$'
ok "every unit was compared" grep -Eq '^lockstep +[0-9]{7,} units' err
grep -E '^lockstep' err | sed 's/^/# /'
grep -A60 'lockstep: the engines' err | sed 's/^/# /'
finish
