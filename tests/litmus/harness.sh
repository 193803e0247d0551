#!/usr/bin/env bash
# parma litmus: tests run with the right verdicts and exit codes, logs follow
# litmus7's grammar line by line, and what is wrong is caught.
set -u
parma=${top_builddir:-.}/parma
src=${top_srcdir:-.}
own=$src/litmus/tests
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
check() { # status, name
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n - $2" && return
	echo "not ok $n - $2"
	tail -n 40 "$tmp/out" "$tmp/err" 2>/dev/null | sed 's/^/# /'
}
lit() { timeout 3000 "$parma" litmus -smp 2 -seed 1 "$@"; }

# Every line of a log is one of those that docs/LITMUS.md has ("What is printed"): litmus7's forms, then a table and totals.
# $2: how many tests have logs; $3: how many are in the table.
grammar() {
	awk -v logs="$2" -v rows="$3" '
	function bad(why) { print "# line " NR ": " why ": " $0; rc = 1 }
	table && /^not run: [^:]+:/ { notrun++; next }
	table && /^-accel (jit|interp) -mapping [a-z0-9+-]+( -(smp|avail|tbsize|evict) [0-9]+)* -s [0-9]+ -r [0-9]+ -barrier [a-z]+ -group [0-9]+ -mem (in)?direct( -st [0-9]+)?( -affinity [a-z0-9]+)?( -p [0-9,]+)? -preload [a-z]+ -seed [0-9]+$/ { settings++; next }
	/^[0-9]+ tests: / {
		if ($0 !~ /^[0-9]+ tests: [0-9]+ ok, [0-9]+ forbidden, [0-9]+ not run; [0-9]+ trials in [0-9]+\.[0-9] s, [0-9]+ trials\/s(; [0-9]+ FORBIDDEN)?$/) bad("totals")
		if (table && rows && $10 != trials) bad("totals, expected " trials " trials")
		if ($1 != $3 + $5 + $7) bad("totals")
		totals++; table = 1; next
	}
	/^test +verdict +states +trials +positive +forbidden +trials\/s$/ { table = 1; next }
	table {
		if ($0 !~ /^[^ ]+ +(ok|FORBIDDEN) +[0-9]+\/[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+$/) bad("row")
		split($3, n, "/")
		if (n[1] + 0 > n[2] + 0 || $5 > $4 || (($2 == "ok") != ($6 == 0))) bad("row")
		trials += $4; seen++; next
	}
	/^Test / { if ($0 !~ /^Test [^ ]+ (Allowed|Forbidden|Required)$/) bad("test"); name = $2; kind = $3; next }
	/^Histogram/ {
		if ($0 !~ /^Histogram \([0-9]+ states\)$/) bad("histogram")
		left = substr($2, 2) + 0; pos = neg = 0; next
	}
	left > 0 {
		left--
		if ($0 !~ /^[0-9]+ *[*:]>(([0-9]+:[XV][0-9]+|\[?[a-z]+\]?)=-?[0-9]+; ?|~?Fault\([^)]*\); ?)*$/) bad("state")
		if ($0 ~ /^[0-9]+ *\*/) pos += $1; else neg += $1
		next
	}
	/^(Ok|No)$/ { verdict = $0; next }
	/^Witnesses$/ { next }
	/^Positive:/ { if ($0 != "Positive: " pos ", Negative: " neg) bad("witnesses, expected " pos " and " neg); next }
	/^Condition / {
		if ($0 !~ /^Condition (exists|~exists|forall) \(.*\) is (NOT )?validated$/) bad("condition")
		if (($0 ~ /NOT validated/) != (verdict == "No")) bad("verdict")
		next
	}
	/^Hash=/ { if ($0 !~ /^Hash=[0-9a-f]+$/) bad("hash"); next }
	/^Observation / {
		want = pos == 0 ? "Never" : neg == 0 ? "Always" : "Sometimes"
		if ($0 != "Observation " name " " want " " pos " " neg) bad("observation")
		next
	}
	/^Time / { if ($2 != name || $0 !~ /^Time [^ ]+ [0-9]+\.[0-9][0-9]$/) bad("time"); tests++; next }
	/^$/ { next }
	{ bad("unknown line") }
	END {
		if (tests != logs) { print "# logs of " tests " tests"; rc = 1 }
		if (seen != rows || totals != 1) { print "# " seen " rows, totals " totals; rc = 1 }
		exit rc
	}' "$1"
}

lit -s 500 -r 4 "$own"/data/SB.litmus "$own"/acqrel/MP+stlr+ldar.litmus "$own"/data/2+2W+dmb.sys.litmus \
	"$own"/exceptions/{svc,udf}.litmus "$own"/lse/ldaddb.litmus >"$tmp/log"
check $? "tests whose outcomes are allowed: exit code 0"
grammar "$tmp/log" 6 6
check $? "log, table and totals follow the documented grammar, line by line"
lit -j 3 -s 200 -r 2 "$own/data" "$own"/acqrel >"$tmp/jobs"
grammar "$tmp/jobs" 40 40 && [ "$(sed -n 's/^Test \([^ ]*\).*/\1/p' "$tmp/jobs")" = "$(for d in data acqrel; do LC_ALL=C ls "$own/$d"; done | sed 's/\.litmus$//')" ]
check $? "so do those of tests side by side, in their order"
if command -v script >/dev/null; then
	script -qc "timeout 1000 '$parma' litmus -q -j 2 -s 50 -r 1 '$own/data' >'$tmp/out'" /dev/null </dev/null >"$tmp/tty"
	grep -q '\[21/21\] [0-9.e-]* million trials, [0-9.e-]* million/s, 0 forbidden, 0 s left' "$tmp/tty" && grammar "$tmp/out" 0 0
	check $? "progress on a terminal"
else
	n=$((n + 1)); echo "ok $n - progress on a terminal # SKIP no script"
fi
# A job that dies takes one test along
for seconds in 3 12 48; do # longer where this script stood still until the job had ended by itself
	timeout 3000 "$parma" litmus -q -j 2 -smp 2 -time $seconds "$own"/data/{SB,MP,LB+datas}.litmus >"$tmp/out" 2>"$tmp/err" &
	lit=$!
	victim=
	while [ -z "$victim" ] && kill -0 $lit 2>/dev/null; do # timeout, its child, that one's jobs
		sleep 0.05
		main=$(pgrep -P $lit | head -1)
		[ -z "$main" ] || victim=$(pgrep -P "$main" | head -1)
	done
	sleep 0.3; kill -9 "$victim"; wait $lit
	rc=$?
	[ $rc = 0 ] || break
done
[ $rc = 2 ] && grep -q 'the process that ran it was ended by signal 9' "$tmp/err" && grep -q '^3 tests: 2 ok, 0 forbidden, 1 not run' "$tmp/out"
check $? "a job that is killed: its test could not run, the others do"
grep -q '^[24]000 *\*>\[x\]=1; Fault(P0:L0,UndefinedInstruction);' "$tmp/log"
check $? "a fault ends its thread and is observed"

# All of the tests in the tree, on both engines
for accel in interp jit; do
	lit -q -accel $accel -s 100 -r 2 "$own"/{data,acqrel,lse,mixed,pairs} >"$tmp/out" 2>&1
	check $? "data, acquire and release, LSE, mixed, pairs: -accel $accel"
done
for accel in interp jit; do
	lit -q -accel $accel -s 10 -r 1 "$own/exclusives" >"$tmp/out" 2>&1
	check $? "exclusives: -accel $accel"
done

for accel in interp jit; do
	lit -q -accel $accel -smp 4 -s 64 -r 20 "$own/ifetch" >"$tmp/out" 2>&1
	check $? "instruction fetch, 4 vCPUs: -accel $accel"
done
for accel in interp jit; do
	lit -q -accel $accel -smp 4 -s 100 -r 10 "$own"/{translation,device,exceptions} >"$tmp/out" 2>&1
	check $? "translation, devices, exceptions, 4 vCPUs: -accel $accel"
done
lit -q -smp 4 -tbsize 1 -evict 100 -s 64 -r 10 "$own"/{ifetch,acqrel,translation} >"$tmp/out" 2>&1
check $? "instruction fetch and translation, 4 vCPUs: a translation cache of 1 MiB, emptied all the time"
stale() { # what may be stale is seen to be: these tests can fail
	for seed in {1..40}; do
		lit -s 400 -r 150 -seed $seed "$own/translation/unmap+dsb.litmus" | grep -q '\*>1:X0=1; ~Fault' && return
	done
	return 1
}
stale
check $? "without TLBI a stale entry is seen"

# It can fail: broken mappings are caught (a busy host may need some patience)
caught() { # mapping, test, options
	timeout 3000 "$parma" litmus -q -smp 2 -mapping "$1" -time 300 -stop "${@:3}" "$own/$2.litmus" >"$tmp/out" 2>"$tmp/err"
	[ $? = 1 ] && grep -q '^FORBIDDEN' "$tmp/err"
}
# Only processors that run side by side show what these show.
side_by_side() { # name, command
	if [ "$(nproc)" -gt 1 ]; then
		eval "$2"
		check $? "$1"
	else
		n=$((n + 1)); echo "ok $n - $1 # SKIP one processor"
	fi
}
side_by_side "the mapping none is caught on SB+dmb.sys" "caught none data/SB+dmb.sys"
side_by_side "the mappings none and qemu are caught on SB+stlr-ldar" "caught none acqrel/SB+stlr-ldar && caught qemu acqrel/SB+stlr-ldar"
! grep -q '<== full fence' "$tmp/err" || grep -q 'unit at' "$tmp/err"
check $? "the report has the host code"
side_by_side "exclusives that compare values are caught on the ABA tests" "caught none exclusives/ABA-str -s 50 && caught qemu exclusives/ABA-swp -s 50"

# It can fail: a wrong expectation
cat >"$tmp/expect" <<'L'
Test SB Allowed
States 1
0:X2=1; 1:X2=1;
Ok
Witnesses
L
lit -q -s 500 -r 4 -expect "$tmp/expect" "$own/data/SB.litmus" >"$tmp/out" 2>"$tmp/err"
[ $? = 1 ] && grep -q '^FORBIDDEN: test SB ' "$tmp/err" && grep -q 'again: parma litmus .*-seed 1 ' "$tmp/err" &&
	grep -q 'trials ended in 0:X2=[01]; 1:X2=[01];' "$tmp/err"
check $? "what is not expected fails the run loudly, with the seed"
"$parma" model "$own/data/SB.litmus" >"$tmp/expect"
lit -q -s 500 -r 4 -expect "$tmp/expect" "$own/data/SB.litmus" >/dev/null
check $? "the model's log is a right expectation"
lit -q -s 500 -r 1 -expect "$tmp/expect" "$own/data/MP.litmus" >/dev/null 2>"$tmp/err"
[ $? = 2 ] && grep -q 'no test MP in the log' "$tmp/err"
check $? "a test that the log does not have"

# Bad files and bad tests: the others go on
printf 'AArch64 bad\n{\n0:X1=x;\n}\n P0 ;\n LDRR X0,[X1] ;\nexists (0:X0=0)\n' >"$tmp/bad.litmus"
lit -q -s 100 -r 1 "$tmp/bad.litmus" "$own/data/SB.litmus" >"$tmp/out" 2>"$tmp/err"
[ $? = 2 ] && grep -q 'bad.litmus:6:2: unknown instruction' "$tmp/err" && grep -q '2 tests: 1 ok, 0 forbidden, 1 not run' "$tmp/out"
check $? "a malformed test: line and column, exit code 2"
printf 'AArch64 endless\n{\n0:X1=x;\n}\n P0 ;\n L0: LDR W0,[X1] ;\n CBZ W0,L0 ;\nexists (0:X0=0)\n' >"$tmp/endless.litmus"
given_up() {
	local seconds
	for seconds in 0.3 3 30; do # the other one, too, on a busy host
		lit -q -s 10 -r 1 -timeout $seconds "$tmp/endless.litmus" "$own/data/SB.litmus" >"$tmp/out" 2>"$tmp/err"
		[ $? = 2 ] && grep -q 'endless.*did not end within' "$tmp/err" && grep -q '2 tests: 1 ok' "$tmp/out" && return
	done
	return 1
}
given_up
check $? "a test that does not end is given up"

# Tests of translation and instruction fetch of the corpus, where it is at hand
corpus=$src/../shared/litmus
if [ -f "$corpus/vmsa/expected.tsv" ]; then
	timeout 3000 "$parma" litmus -q -smp 2 -seed 1 -s 40 -r 2 "$corpus"/{vmsa,ifetch} >"$tmp/out" 2>&1
	tail -2 "$tmp/out" | sed 's/^/# /'
	grep -q '^1065 tests: 9[4-9][0-9] ok, 0 forbidden' "$tmp/out"
	check $? "translation and instruction fetch of the corpus"
else
	n=$((n + 1)); echo "ok $n - translation and instruction fetch of the corpus # SKIP no corpus"
fi

# Other forms
lit -tap -s 100 -r 1 "$tmp/bad.litmus" "$own/data/SB.litmus" >"$tmp/out" 2>/dev/null
grep -q '^1\.\.2$' "$tmp/out" && grep -q '^not ok 1 - ' "$tmp/out" && grep -q '^ok 2 - SB # 100 trials' "$tmp/out"
check $? "TAP"
lit -q -s 100 -r 1 -json "$tmp/j" --junit="$tmp/x" "$own/data/SB.litmus" >/dev/null
if command -v python3 >/dev/null; then
	python3 - "$tmp/j" "$tmp/x" <<'P'
import json, sys, xml.dom.minidom
j = json.load(open(sys.argv[1]))
t = j["tests"][0]
assert t["name"] == "SB" and t["trials"] == 100 and t["positive"] + t["negative"] == 100 and j["ok"] == 1
assert len(xml.dom.minidom.parse(sys.argv[2]).getElementsByTagName("testcase")) == 1
P
	check $? "JSON and JUnit"
else
	n=$((n + 1)); echo "ok $n - JSON and JUnit # SKIP no python3"
fi
for b in user userfence timebase pthread none; do
	lit -q -s 200 -r 2 -barrier $b "$own/data/MP+dmb.sys.litmus" >/dev/null || b="$b failed"
	case $b in *failed) break ;; esac
done
[ "$b" = none ]
check $? "all kinds of barrier ($b)"
lit -q -s 200 -r 2 -st 7 -mem direct -preload no -affinity incr1 -avail 1 "$own/data/MP+dmb.sys.litmus" >"$tmp/out" &&
	grep -q -e ' -avail 1 -s 200 -r 2 .* -mem direct -st 7 -affinity incr1 -preload no ' "$tmp/out" && grammar "$tmp/out" 0 0
check $? "the other knobs, and that they are told"
lit -q -s 50 -r 1 "$own/data/SB.litmus" "$tmp/nowhere.litmus" "$own/data/MP.litmus" >"$tmp/out" 2>"$tmp/err"
[ $? = 2 ] && grep -q '^3 tests: 2 ok, 0 forbidden, 1 not run' "$tmp/out" && grep -q 'nowhere.litmus: No such file' "$tmp/err"
check $? "a file that is not there: the others run"
lit -barier user "$own/data/SB.litmus" 2>&1 >/dev/null | grep -q "did you mean -barrier"
check $? "a mistyped option"

# Generation, campaigns, merging
"$parma" litmus gen -min 4 -max 4 -n 12 "$tmp/gen" | grep -q '^12 tests' && lit -q -s 50 -r 1 "$tmp/gen" >"$tmp/out"
check $? "generated tests run"
camp() { timeout 3000 "$parma" litmus campaign -smp 2 -s 50 -r 1 -results "$tmp/res" "$@" "$tmp/gen" >"$tmp/out"; }
camp -shard 0/2 -rounds 1 && SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2 camp -rounds 1 && camp -shard 0/2 -rounds 3 &&
	[ "$(grep -c ^test "$tmp/res.0")$(grep -c ^test "$tmp/res.1")" = 66 ] &&
	[ "$(awk -F'\t' '/^test/ { print $5 }' "$tmp/res.0" | sort -u)" = 3 ]
check $? "a campaign in two shards, one resumed"
OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2 camp -rounds 2 2>"$tmp/err" && grep -q 'shard 1/2, as OMPI_COMM_WORLD_RANK says' "$tmp/err"
check $? "an mpirun within a job of Slurm: its ranks count"
camp -shard 1/2 -rounds 4 -j 2 && [ "$(awk -F'\t' '/^test/ { print $5 }' "$tmp/res.1" | sort -u)" = 4 ] && grammar "$tmp/out" 0 0
check $? "the other, by two jobs"
SLURM_PROCID=0 SLURM_NTASKS=2 timeout 3000 "$parma" litmus campaign -smp 2 -s 50 -r 1 -rounds 1 -results "$tmp/batch" "$tmp/gen" >"$tmp/out" 2>"$tmp/err" &&
	grep -q 'no shards: .* not started by srun' "$tmp/err" && [ "$(grep -c ^test "$tmp/batch")" = 12 ]
check $? "a batch script of Slurm without srun does all of it, and says so"
"$parma" litmus merge -o "$tmp/all" "$tmp/res.0" "$tmp/res.1" >"$tmp/out" &&
	awk -F'\t' '/^test/ { t += $6 } /^state/ { s += $2 } END { exit !(t && t == s) }' "$tmp/all" &&
	grep -q '^12 tests: 12 ok' "$tmp/out" && grammar "$tmp/out" 0 12
check $? "their results merged: every trial is counted"
ended() { # status, pattern on stderr, arguments of campaign
	timeout 300 "$parma" litmus campaign -smp 2 -s 50 -r 1 "${@:3}" "$tmp/gen" >"$tmp/out" 2>"$tmp/err"
	[ $? = "$1" ] && { [ -z "$2" ] || grep -q -- "$2" "$tmp/err"; }
}
ended 64 'has results of -accel jit -mapping parma' -results "$tmp/res" -shard 0/2 -rounds 9 -mapping none
check $? "a campaign does not add up different mappings"
ended 71 'no.such.folder' -results "$tmp/no.such.folder/res" -hours 10
check $? "a campaign that could not save its results does not begin"
ended 64 '-tap is not for campaigns' -results "$tmp/res2" -tap
check $? "a campaign has no TAP"
ended 0 '' -results "$tmp/res2" -json "$tmp/camp.json" -junit "$tmp/camp.xml" && grep -q '"ok": 12' "$tmp/camp.json" && grep -q '</testsuite>' "$tmp/camp.xml"
check $? "a campaign has JSON and JUnit"
killed() { # kill -9 at any moment leaves the file whole; the next run goes on from there
	rm -f "$tmp"/res3*
	"$parma" litmus campaign -smp 2 -s 50 -r 1 -results "$tmp/res3" -rounds 1000000 "$tmp/gen" >/dev/null 2>&1 &
	local pid=$! k
	for k in {1..600}; do [ -s "$tmp/res3" ] && break; sleep 0.1; done
	sleep "$1"
	kill -9 $pid
	wait $pid 2>/dev/null
	ended 0 '' -results "$tmp/res3" -rounds 2 && [ "$(grep -c '^test' "$tmp/res3")" = 12 ] && "$parma" litmus merge "$tmp/res3" >/dev/null
}
killed 0 && killed 0.3
check $? "kill -9 in the middle of a campaign"
lit -q -s 10 -r 1 -json /dev/full "$own/data/SB.litmus" >"$tmp/out" 2>"$tmp/err"
[ $? = 71 ] && grep -q "cannot write '/dev/full'" "$tmp/err"
check $? "-json: a disk that is full"
printf 'state\t1\n' >>"$tmp/res.1"
"$parma" litmus merge "$tmp/res.1" 2>&1 >/dev/null | grep -q 'res.1:[0-9]*:1: malformed line'
check $? "a malformed file of results"

# What becomes of a test
timeout 1000 "$parma" explain "$own/acqrel/SB+stlr-ldar.litmus" >"$tmp/out"
[ $? = 0 ] && grep -q 'before: fence if owed.*lock or\|lock or.*full fence' "$tmp/out" && grep -q 'store-release:' "$tmp/out" &&
	grep -q 'a: Wrel x=1' "$tmp/out"
check $? "explain: mapping, code and events"
timeout 1000 "$parma" explain --html --mapping=none "$own/data/SB+dmb.sys.litmus" >"$tmp/out"
[ $? = 0 ] && grep -q '<svg' "$tmp/out" && ! grep -q 'lock or' "$tmp/out"
check $? "explain: a page with the graph; no fence with the mapping none"
bad=
for t in translation/unmap+tlbi ifetch/MP+cachesync+ctrlisb exceptions/*; do
	t=$(echo "$own"/${t%.litmus}.litmus)
	for t in $t; do
		timeout 120 "$parma" explain "$t" >"$tmp/out" 2>&1 && grep -q '^Outcomes that Arm allows' "$tmp/out" &&
			timeout 120 "$parma" explain --html "$t" | grep -q '</html>' || bad="$bad $t"
	done
done
[ -z "$bad" ]
check $? "explain: what the model does not have, with the outcomes of expected.tsv $bad"
# What is wrong is told in one line, with line and column
says_bad() { # pattern, lines of the file
	printf '%s\n' "${@:2}" >"$tmp/bad.litmus"
	lit -q -s 10 -r 1 "$tmp/bad.litmus" >"$tmp/out" 2>"$tmp/err"
	[ $? = 2 ] && [ "$(wc -l <"$tmp/err")" = 1 ] && grep -q "bad.litmus:$1" "$tmp/err"
}
says_bad '6:12: the row has 1 cells for 2 threads' 'AArch64 SB' '{' '0:X1=x;' '}' ' P0 | P1 ;' ' MOV W0,#1 ;' 'exists (0:X2=0)'
check $? "a row that is too short"
says_bad '3:3: the initial state names thread 5' 'AArch64 SB' '{' '5:X1=x;' '}' ' P0 ;' ' MOV W0,#1 ;' 'exists (0:X2=0)'
check $? "registers of a thread that is not there"
refuses() { # pattern, arguments
	timeout 300 "$parma" litmus "${@:2}" >"$tmp/out" 2>"$tmp/err"
	[ $? = 64 ] && [ "$(wc -l <"$tmp/err")" = 1 ] && grep -q -- "$1" "$tmp/err"
}
refuses '-p: CPU 1023 is not one' -p 1023 "$own/data/SB.litmus"
check $? "-p: a CPU that is not there"
refuses '-time: a number of seconds' -time nan "$own/data/SB.litmus"
check $? "-time nan"
for bad in "-min 0" "-min 5 -max 4" "-max 11" "-threads 1" "-n 0" "-n" "-n 5x" "-frob" ""; do
	# shellcheck disable=SC2086
	refuses 'litmus gen: ' gen $bad ${bad:+"$tmp/gen2"} && [ ! -e "$tmp/gen2" ]
	check $? "gen $bad: refused"
done
parma=$(realpath "$parma")
(cd "$own/translation" && timeout 120 "$parma" litmus -q -s 10 -r 1 unmap+tlbi.litmus >"$tmp/out" 2>&1)
check $? "a test of the current folder has its expected.tsv"
echo "1..$n"
