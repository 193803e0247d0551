#!/usr/bin/env bash
# parma scale, parma top, -sched: reports, bad usage, and that nothing broken is left behind.
. "$(dirname "$0")/lib.sh"
TMPDIR=$(mktemp -d /tmp/parma-t.XXXXXX) # of its own: others may run parma scale
export TMPDIR
trap 'rm -rf "$TMPDIR" "$scratch"' EXIT
leftovers() { find "$TMPDIR" -maxdepth 1 -name 'parma-scale.*'; }

# -- bad usage --
refuses() { # PATTERN ARGUMENTS...
	p scale "${@:2}"
	status 64 && grep -Eq -- "$1" err && [ ! -s out ]
}
ok "sizes in falling order" refuses 'rising' --vcpus 2,1
ok "no sizes" refuses 'sizes' --vcpus ,
ok "an unknown workload names its neighbour" refuses "did you mean ticket" --workload tickt
ok "-smp is --vcpus' business" refuses 'vcpus' -smp 4
ok "workload and command" refuses 'not both' --workload int -- true
ok "a kernel without a command" refuses 'what to run' -kernel x
ok "an option without its argument" refuses 'needs an argument' --csv
bad_boot() { p scale --vcpus 1 --repeat 1 -no-such-option; [ "$rc" != 0 ] && grep -q 'unknown option' err; }
ok "what boot refuses is said" bad_boot

# -- one real run, three reports --
p scale --vcpus 1,2,3 --repeat 2 --ms 30 --workload int,mcs,tlbi --csv c.csv --json j.json --svg s.svg
ok "a run of three sizes" status 0
ok "text: speed-up and efficiency of each size" says '^ +3 +[0-9]+ +[0-9.]+ \+-'
ok "text: laws" says 'Amdahl: serial part .*USL: contention'
csv_good() {
	[ "$(wc -l <work/c.csv)" = 10 ] && awk -F, 'NR == 1 { n = NF } NF != n { bad = 1 }
		NR > 1 { s = 0; for (k = 12; k <= NF; k++) s += $k; if (s < 0.98 || s > 1.02 || $4 <= 0) { print; bad = 1 } } END { exit bad }' work/c.csv
}
ok "CSV: a line a point, causes add up to the whole" csv_good
ok "JSON: workloads, points, fits" grep -q '"usl"' work/j.json
ok "JSON is well-formed" sh -c 'command -v python3 >/dev/null || exit 0; python3 -m json.tool work/j.json'
ok "SVG: a chart and bars for each workload" sh -c 'head -1 work/s.svg | grep -q "^<svg" && tail -1 work/s.svg | grep -q "^</svg>" && [ $(grep -c "class=\"name\"" work/s.svg) = 3 ] && grep -q "<rect.*waiting for other vCPUs" work/s.svg'
ok "SVG is well-formed" sh -c 'command -v python3 >/dev/null || exit 0; python3 -c "import xml.dom.minidom as m; m.parse(\"work/s.svg\")"'
to_stdout() { p scale --vcpus 1 --repeat 1 --ms 20 --workload int --json -; status 0 && head -1 out | grep -q '^{' && ! grep -q 'vCPUs  ' out; }
ok "--json - writes that and nothing else" to_stdout

# -- causes, each by an experiment that brings it about --
# share WORKLOAD CAUSE: percent, of the largest size, from the CSV of the last run. own: of the time that is not stolen, since the host
# may be busy.
own() { local rest=$((100 - $(share "$1" stolen))); [ $rest -gt 0 ] && echo $((100 * $(share "$1" "$2") / rest)) || echo 100; }
share() { awk -F, -v w="$1" -v c="$2" 'NR == 1 { for (k = 1; k <= NF; k++) if ($k == c) col = k } $1 == w { v = $col } END { print int(100 * v) }' work/x.csv; }
cpu=$(taskset -pc $$ 2>/dev/null | sed 's/.*: \([0-9]*\).*/\1/')
if [ -n "$cpu" ]; then
	on_one() { rc=0; (cd work && exec taskset -c "$cpu" timeout 600 "$parma" scale --repeat 1 --csv x.csv "$@") >out 2>err || rc=$?; status 0; }
	stolen() {
		taskset -c "$cpu" sh -c 'while :; do :; done' &
		local hog=$!
		on_one --vcpus 1 --ms 300 --workload int
		kill $hog
		[ "$(share int stolen)" -ge 25 ] || { cat work/x.csv; return 1; }
	}
	ok "another process on the same processor: stolen" stolen
	given() { on_one --vcpus 3 --ms 200 --workload ticket && [ "$(own ticket yielded)" -ge 25 ] || { cat work/x.csv; return 1; }; }
	ok "three spinners on one processor: given away" given
	acks() { on_one --vcpus 3 --ms 200 --workload tlbi && [ "$(own tlbi dsb)" -ge 15 ] || { cat work/x.csv; return 1; }; }
	ok "broadcast TLB maintenance on one processor: waiting for others" acks
else
	skip "causes by experiment" "no taskset"
fi

# -- nothing broken is left --
full() { p scale --vcpus 1 --repeat 1 --ms 20 --workload int --csv /dev/full; status 71 && grep -q '/dev/full' err; }
ok "a full device: said, status 71" full
echo old >work/kept.csv
no_room() { # the reports are larger than files may be
	rc=0
	(cd work && trap '' XFSZ && "$parma" scale --vcpus 1,2 --repeat 1 --ms 20 --workload int --json - >j2 && ulimit -f 0 &&
		"$parma" scale --vcpus 1 --repeat 1 --ms 20 --workload int --csv kept.csv) >/dev/null 2>err || rc=$?
	[ "$rc" != 0 ] && [ "$(cat work/kept.csv)" = old ] && [ -z "$(ls work | grep 'kept.csv.')" ]
}
ok "no room on disk: the old report stands" no_room
interrupted() { # SIGNAL STATUS
	local pid rc=0
	(cd work && exec "$parma" scale --vcpus 1,2 --repeat 60 --ms 200 --workload int --csv gone.csv) >/dev/null 2>err &
	pid=$!
	sleep 0.6
	kill -"$1" "$pid"
	wait "$pid" || rc=$?
	sleep 0.1
	[ "$rc" = "$2" ] && [ ! -e work/gone.csv ] && ! pgrep -P "$pid" >/dev/null
}
ok "SIGTERM: status 143, no report, no guest left" interrupted TERM 143
ok "SIGHUP: status 129" interrupted HUP 129
ok "no temporary folder is left" test -z "$(leftovers)"
killed() {
	local pid guest
	(cd work && exec "$parma" scale --vcpus 1 --repeat 60 --ms 500 --workload int --csv gone.csv) >/dev/null 2>&1 &
	pid=$!
	for _ in $(seq 600); do sleep 0.1; guest=$(pgrep -P "$pid") && break; done
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	for _ in $(seq 600); do kill -0 "$guest" 2>/dev/null || break; sleep 0.1; done
	leftovers | xargs -r rm -rf
	[ -n "$guest" ] && [ ! -e work/gone.csv ] && ! kill -0 "$guest" 2>/dev/null
}
ok "kill -9: the guest goes too, no report" killed

# -- parma top --
program work/spin 14000000
"$parma" boot -smp 2 -accel interp -nodefaults -display none -kernel work/spin -qmp unix:"$scratch/q",server=on,wait=off >/dev/null 2>&1 &
guest=$!
for _ in $(seq 600); do [ -S "$scratch/q" ] && break; sleep 0.1; done
top_text() { # until vCPU 0 had a turn within the interval
	local k
	for k in $(seq 50); do p top --interval 100 "$scratch/q"; says '^ +0 running .*[1-9]' && break; done
	status 0 && says '^ +0 running .*[1-9]' && says '^ +1 off'
}
ok "parma top: a snapshot as text" top_text
top_json() { p top --json --interval 1000 unix:"$scratch/q"; status 0 && says '"instructions": [1-9]'; }
ok "parma top --json" top_json
kill "$guest"
wait "$guest" 2>/dev/null
no_guest() { p top "$scratch/none"; status 66 && grep -q "cannot connect to the control socket" err; }
ok "no such guest" no_guest
no_socket() { p top; status 64 && grep -q 'which guest' err; }
ok "no socket given" no_socket

# -- -sched --
ok "-sched list: one that is not there" refused 64 'may use' boot -sched list:4000
placed() { p boot -sched compact -display none -serial null -stats text; status 0 && grep -Eq '^placement +compact.*vCPU 0 on [0-9]' err && grep -q '^allocator' err; }
ok "-sched compact says where vCPUs run" placed
rr() { p boot -smp 4 -sched rr:"$1" -display none -serial stdio -stats json; cat out; grep '"instructions"' err; }
repeats() { rr 3 >a; rr 3 >b; rr 4 >c; grep -q 'ring: .*ok' a && grep -q instructions a && cmp a b && ! cmp -s a c; }
ok "-sched rr: the same seed, the same run" repeats
ok "-sched rr with the translator is refused" refused 64 'interp only' boot -sched rr:1 -accel jit
finish
