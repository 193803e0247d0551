#!/usr/bin/env bash
# All stressors of stress-ng of some classes, one after the other, each checking its own results, in a guest.
# On the first engine; ENGINES="jit interp" runs others.  CLASSES: which; EACH: seconds of one stressor (2).  KEEP=FILE keeps what
# the last guest printed.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest
need_root
limit=3600
says_not() { ! grep -E -- "$1" out; }

for engine in ${ENGINES:-$(engines | head -1)}; do
	for class in ${CLASSES:-cpu cpu-cache memory vm interrupt scheduler}; do
		# without limits of memory some stressors want more than there is; vm-segv fails where it does not get round in its time
		root "stress-ng --class $class --sequential 1 --exclude vm-segv --verify --timeout ${EACH:-2}s --vm-bytes 32M --oom-avoid 2>&1 | sed 's/^/stress: /'"
		[ -z "$KEEP" ] || cat out >>"$KEEP"
		ok "$engine, $class: the guest comes to its end" said '^job: status 0'
		ok "$engine, $class: every stressor runs" says '^stress: .*successful run completed'
		ok "$engine, $class: no stressor finds a mistake" says_not '^stress: .*(fail:|failed: [1-9]|untrustworthy: [1-9]|mismatch)'
	done
done
finish
