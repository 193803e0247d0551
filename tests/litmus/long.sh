#!/usr/bin/env bash
# At length what litmus/ has to show (docs/LITMUS.md, "To see it all again"): the whole corpus of user-level tests, where it
# is at hand, over a hundred million trials; broken mappings within 5 seconds, every one of the ABA tests among them, and the
# shipped one clean on the same; instruction fetch and translation with hardly any code memory, four vCPUs, under load.
set -u
parma=${top_builddir:-.}/parma
src=${top_srcdir:-.}
own=$src/litmus/tests
corpus=$src/../shared/litmus
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
check() { # status, name
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n - $2" && return
	echo "not ok $n - $2"
	tail -n 40 "$tmp/out" | sed 's/^/# /'
}
lit() { timeout 3000 "$parma" litmus -q -seed 1 "$@" >"$tmp/out" 2>&1; }
said() { sed -n 's/^\([0-9]* tests: .*\)/\1/p' "$tmp/out"; }

if [ -f "$corpus/diy/expected.tsv" ]; then
	lit -j "$(nproc)" -s 2500 -r 10 -json "$tmp/json" "$corpus"/{catalogue,diy}
	awk '/^4754 tests: 4743 ok, 0 forbidden, 11 not run; / { exit !($10 >= 1e8) } END { if (!NR) exit 1 }' "$tmp/out"
	check $? "the corpus: $(said)"
	# the store buffer is seen, in more than one test of store buffering
	[ "$(grep -c '"name": "SB[^"]*".*"positive": [1-9]' "$tmp/json")" -ge 10 ]
	check $? "store buffering is seen in $(grep -c '"name": "SB[^"]*".*"positive": [1-9]' "$tmp/json") tests SB..."
	sed -n 's/.*"allowed": \([0-9]*\), "allowed_seen": \([0-9]*\),.*/\1 \2/p' "$tmp/json" |
		awk '{ a += $1; s += $2 } END { print "# " s " of " a " allowed states were seen" }'
fi
caught() { # mapping, tests...
	lit -mapping "$1" -time 5 -stop "${@:2}"
	[ $? = 1 ] && grep -q ' 0 ok, .* 0 not run' "$tmp/out"
}
caught none -smp 2 "$own/data/SB+dmb.sys.litmus" && caught none -smp 2 "$own/acqrel/SB+stlr-ldar.litmus"
check $? "the mapping none is caught within 5 seconds"
caught qemu -smp 2 "$own/acqrel/SB+stlr-ldar.litmus"
check $? "the mapping qemu is caught within 5 seconds"
aba=("$own"/exclusives/ABA-{cas,ldadd,stadd,stlr,stlxr,stp,str,strb,stxr,swp,two-writers,x,xp}.litmus)
caught none -s 50 "${aba[@]}" && caught qemu -s 50 "${aba[@]}"
check $? "exclusives that compare values are caught by each of ${#aba[@]} ABA tests"
lit -time 1 "$own"/{data,acqrel,exclusives,lse,mixed,pairs,device,exceptions}
check $? "the shipped mapping: $(said)"

# under load: as many spinning processes as there are CPUs
load=()
for ((k = 0; k < $(nproc); k++)); do
	timeout 1000 sh -c 'while :; do :; done' &
	load+=($!)
done
lit -smp 4 -tbsize 1 -evict 100 -s 64 -r 100 "$own"/{ifetch,translation,exceptions,device}
check $? "4 vCPUs, 1 MiB of code, evicted all the time, under load: $(said)"
kill "${load[@]}" 2>/dev/null
echo "1..$n"
