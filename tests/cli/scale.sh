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
		NR > 1 { s = 0; for (k = 14; k <= NF; k++) s += $k; if (s < 0.98 || s > 1.02 || $4 <= 0) { print; bad = 1 } } END { exit bad }' work/c.csv
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
	on_one() { rc=0; (cd work && exec taskset -c "$cpu" timeout 3000 "$parma" scale --repeat 1 --csv x.csv "$@") >out 2>err || rc=$?; status 0; }
	stolen() {
		local ms share=0
		taskset -c "$cpu" sh -c 'while :; do :; done' &
		local hog=$!
		for ms in 300 600 1200 2400 4800; do # the other one may have got going late
			on_one --vcpus 1 --ms $ms --workload int
			share=$(share int stolen)
			[ "$share" -lt 25 ] || break
		done
		kill $hog
		[ "$share" -ge 25 ] || { cat work/x.csv; return 1; }
	}
	ok "another process on the same processor: stolen" stolen
	# shows WORKLOAD CAUSE PERCENT OPTIONS...: at least so much, in a run as long as a busy host needs for that.
	shows() {
		local ms
		for ms in 200 400 800 1600 3200 6400; do
			on_one --ms $ms --workload "$1" "${@:4}" || return 1
			[ "$(own "$1" "$2")" -lt "$3" ] || return 0
		done
		cat work/x.csv
		return 1
	}
	given() { shows ticket yielded 25 --vcpus 3; }
	ok "three spinners on one processor: given away" given
	given_unasked() { shows plain yielded 25 --vcpus 3; }
	ok "...also without a hint" given_unasked
	acks() { shows tlbi dsb 15 --vcpus 3; }
	ok "broadcast TLB maintenance on one processor: waiting for others" acks
	no_room_for_code() { shows code grace 10 --vcpus 1,3 -accel jit,hot=0,tb-size=1; }
	ok "three vCPUs and more code than code memory: waiting for grace periods" no_room_for_code
	# (While its one vCPU stood still on the way, it had somebody to wait for.)
	alone() {
		local ms
		for ms in 200 400 800 1600 3200; do
			on_one --ms $ms --workload code --vcpus 1 -accel jit,hot=0,tb-size=1 && quiet_alone && return
		done
		cat work/x.csv
		return 1
	}
	quiet_alone() { awk -F, 'NR == 1 { for (k = 1; k <= NF; k++) col[$k] = k } $1 == "code" && $2 == 1 { bad = $(col["grace"]) > 0.02 || $(col["translate"]) < 0.2 * (1 - $(col["stolen"])) } END { exit bad }' work/x.csv; }
	ok "...one of them has nobody to wait for, and translates" alone
	rests_at() { # the program stores behind a DMB in a loop
		program work/dmb d2a80402 d2a00103 d5033bbf b9000043 f1000463 54ffffa1 52b08000 72800100 d4000002
		(cd work && taskset -c "$cpu" timeout 600 "$parma" boot -accel jit -smp "$1" -nodefaults -display none -kernel dmb -d opt -D "dmb.$1")
		grep -q '[0-9] - fence' "work/dmb.$1" && grep -q 'poll imm=1 k=40080010' "work/dmb.$1"
	}
	ok "more vCPUs than processors: a store behind a full fence is a release, after which they may rest" rests_at 2
	no_rests() { ! rests_at 1 && [ -s work/dmb.1 ]; }
	ok "...as many vCPUs as processors: no look at that" no_rests
	# Counted causes, as a part of the time in guest code and themselves: others on the host do not change that.
	of_guest() { awk -F, -v w="$1" -v c="$2" 'NR == 1 { for (k = 1; k <= NF; k++) col[$k] = k }
		$1 == w { g = $(col["user"]) + $(col["kernel"]) + $(col["fence"]) + $(col["retry"]); v = g > 0 ? $(col[c]) / g : 0 } END { print int(100 * v) }' work/x.csv; }
	value() { awk -F, -v w="$1" -v c="$2" 'NR == 1 { for (k = 1; k <= NF; k++) col[$k] = k } $1 == w { v = $(col[c]) } END { printf "%d\n", v }' work/x.csv; }
	fences() {
		local ms
		for ms in 200 400 800 1600 3200; do # a thread that stands still between two looks at the clock blurs these
			on_one --vcpus 1 --ms $ms --workload int,fence && [ "$(of_guest fence fence)" -ge 15 ] && [ "$(of_guest int fence)" -le 2 ] &&
				[ "$(value fence fences_per_s)" -ge $(($(value fence rate) / 20)) ] &&
				[ "$(value fence fences_per_s)" -le $(($(value fence rate) * 11 / 10)) ] && return
		done
		cat work/x.csv
		return 1
	}
	ok "a store and a fence each: as many fences as operations, a share of the time; none in arithmetic" fences
	no_profile() { on_one --vcpus 1 --ms 100 --workload fence -accel profile=on -accel jit && [ "$(value fence fences_per_s)" -gt 100 ]; }
	ok "boot options do not take the counting away" no_profile
	lonely() { # an interrupt between load and store is a retry too, but not in each of these runs
		local k
		for k in 1 2 3 4 5 6 7 8; do
			on_one --vcpus 1 --ms 50 --workload excl && [ "$(value excl retries_per_s)" = 0 ] && return
		done
		cat work/x.csv
		return 1
	}
	ok "store-exclusives of one CPU do not fail" lonely
	if [ "$(nproc)" -gt 1 ]; then
		disputed() { # they overlap sooner or later
			local k
			for k in 1 1 1 1 2 4 8 16; do
				p scale --vcpus 2 --repeat 1 --ms $((200 * k)) --workload excl --csv x.csv
				[ "$(value excl retries_per_s)" -gt 0 ] && return
			done
			cat work/x.csv
			return 1
		}
		ok "store-exclusives of two CPUs on one word do" disputed
	else
		skip "store-exclusives of two CPUs on one word do" "one processor"
	fi
else
	skip "causes by experiment" "no taskset"
fi

# -- a word that nobody writes: ldaxr, wfe, for half a second --
program work/wfe d2a80402 d5033fdf d53be044 d53be005 d341fca5 8b050084 885ffc40 d503205f d5033fdf d53be045 eb0400bf 54ffff63 52b08000 72800100 d4000002
sleeps() { # again where the host let it run late: the half second is over then
	local k
	for k in $(seq 20); do
		p boot -accel interp -nodefaults -display none -kernel wfe -stats text
		awk '$1 == "halted_ns" { ns = $2 } END { exit ns < 150000000 }' err && return
	done
	cat err
	return 1
}
ok "WFE on a marked word sleeps in the end" sleeps

# -- why, by experiment --
rate() { awk -F, -v w="$1" -v n="$2" '$1 == w && $2 == n { printf "%d\n", $4 }' work/e.csv; }
if [ "$(nproc)" -gt 1 ]; then
	explained() { # by lines that move or, on a busy host, by waits for who has lost its processor
		local k
		for k in 1 1 1 1 2 4 8 16; do
			p scale --explain --vcpus 1,2 --repeat 1 --ms $((100 * k)) --workload ticket,tlbi --csv e.csv --json e.json
			status 0 && says 'why [0-9.]+ at 2 vCPUs, by experiment' || { cat out err; return 1; }
			[ "$(rate ticket.own 2)" -gt $(($(rate ticket 2) * 3 / 2)) ] && return
		done
		cat work/e.csv
		return 1
	}
	ok "--explain: locks that are not shared are faster than one that is" explained
	ok "...threads of the host among the experiments" says '^ +native +[0-9.]+ .*threads of this host'
	ok "...and in the reports" sh -c 'grep -q "\"variant\": \"native\"" work/e.json && grep -q "^ticket.native,2,1," work/e.csv'
else
	skip "--explain" "one processor"
fi
ok "a variant may be named" sh -c '"$0" scale --vcpus 1 --repeat 1 --ms 20 --workload mcs.line | grep -q "^mcs.line"' "$parma"
ok "...but none that there is not" refuses "there is no 'mcs.far'" --workload mcs.far

# -- one boot for all sizes --
hotplug() {
	p scale --hotplug --vcpus 1,2,3 --repeat 3 --ms 20 --workload int,barrier --csv h.csv && status 0 &&
		[ "$(awk -F, '$3 == 3 && $4 > 0' work/h.csv | wc -l)" = 6 ] || { cat work/h.csv; return 1; }
}
ok "--hotplug: three rounds of three sizes from one boot" hotplug
off_counts() { awk -F, 'NR == 1 { for (k = 1; k <= NF; k++) if ($k == "off") c = k } NR > 1 && $c > 0.5 { bad = 1 } END { exit bad }' work/h.csv; }
ok "CPUs that are off do not count" off_counts

# -- the chart by gnuplot, or SVG beside it --
without_gnuplot() {
	mkdir -p nothing && rc=0
	(cd work && PATH=$scratch/nothing exec "$parma" scale --vcpus 1 --repeat 1 --ms 20 --workload int --png c.png) >out 2>err || rc=$?
	status 0 && grep -q 'no gnuplot.*c\.svg' err && [ ! -e work/c.png ] && grep -q '</svg>' work/c.svg
}
ok "--png without gnuplot: SVG, and that is said" without_gnuplot
if command -v gnuplot >/dev/null; then
	with_gnuplot() { p scale --vcpus 1,2 --repeat 2 --ms 20 --workload int,tlbi --svg g.png; status 0 && [ "$(head -c 8 work/g.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]; }
	ok "a file that ends in .png is made by gnuplot" with_gnuplot
	full_png() { p scale --vcpus 1 --repeat 1 --ms 20 --workload int --png /dev/full; status 71 && grep -q '/dev/full' err; }
	ok "a full device: said, status 71, of the picture too" full_png
else
	skip "a file that ends in .png is made by gnuplot" "no gnuplot"
	skip "a full device: said, status 71, of the picture too" "no gnuplot"
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
	(cd work && exec env --default-signal "$parma" scale --vcpus 1,2 --repeat 64 --ms 1000 --workload int --csv gone.csv) >/dev/null 2>err &
	pid=$!
	until_true eval 'pgrep -P "$pid" >/dev/null'
	kill -"$1" "$pid"
	wait "$pid" || rc=$?
	[ "$rc" = "$2" ] && [ ! -e work/gone.csv ] && ! pgrep -P "$pid" >/dev/null
}
ok "SIGTERM: status 143, no report, no guest left" interrupted TERM 143
ok "SIGHUP: status 129" interrupted HUP 129
ok "no temporary folder is left" test -z "$(leftovers)"
killed() {
	local pid guest=
	(cd work && exec "$parma" scale --vcpus 1 --repeat 64 --ms 1000 --workload int --csv gone.csv) >/dev/null 2>&1 &
	pid=$!
	until_true eval 'guest=$(pgrep -P "$pid" | head -1) && [ -n "$guest" ]'
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	until_true is_gone "$guest" && [ -n "$guest" ] && [ ! -e work/gone.csv ] && [ -n "$(leftovers)" ]
}
ok "kill -9: the guest goes too, no report" killed
swept() { p scale --vcpus 1 --repeat 1 --ms 20 --workload int; status 0 && [ -z "$(leftovers)" ] || { leftovers; return 1; }; }
ok "what kill -9 left in /tmp goes with the next run" swept

# -- parma top --
program work/spin 14000000
"$parma" boot -smp 2 -accel interp -nodefaults -display none -kernel work/spin -qmp unix:"$scratch/q",server=on,wait=off >/dev/null 2>&1 &
guest=$!
until_true test -S "$scratch/q"
top_text() { # until vCPU 0 had a turn within the interval
	local k
	for k in $(seq 50); do p top --interval 100 "$scratch/q"; says '^ +0 running .*[1-9]' && break; done
	status 0 && says '^ +0 running .*[1-9]' && says '^ +1 off'
}
ok "parma top: a snapshot as text" top_text
top_json() {
	local k
	for k in $(seq 50); do p top --json --interval 1000 unix:"$scratch/q"; says '"instructions": [1-9]' && break; done
	status 0 && says '"instructions": [1-9]'
}
ok "parma top --json" top_json
kill "$guest"
wait "$guest" 2>/dev/null
no_guest() { p top "$scratch/none"; status 66 && grep -q "cannot connect to the control socket" err; }
ok "no such guest" no_guest
no_socket() { p top; status 64 && grep -q 'which guest' err; }
ok "no socket given" no_socket

# -- -sched --
ok "-sched list: one that is not there" refused 64 'may use' boot -sched list:4000
placed() { p boot -sched compact -display none -serial null -stats text; status 0 && grep -Eq '^placement +compact.*vCPU 0 on [0-9]' err; }
ok "-sched compact says where vCPUs run" placed
if ldd "$parma" | grep -q jemalloc; then # a build with sanitizers has their own
	ok "...and what memory parma has itself" grep -q '^allocator' err
fi
rr() { p boot -smp 4 -sched rr:"$1" -display none -serial stdio -stats json; cat out; grep '"instructions"' err; }
repeats() { rr 3 >a; rr 3 >b; rr 4 >c; grep -q 'ring: .*ok' a && grep -q instructions a && cmp a b && ! cmp -s a c; }
ok "-sched rr: the same seed, the same run" repeats
ok "-sched rr with the translator is refused" refused 64 'interp only' boot -sched rr:1 -accel jit
finish
