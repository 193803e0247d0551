#!/usr/bin/env bash
# parma scale, top and boot on a terminal: keys, resizing, signals, a guest that goes away; the terminal as it was, whatever the end.
. "$(dirname "$0")/lib.sh"
ptyrun=$(cd "${top_builddir:-$top/build}" && pwd)/tests/cli/ptyrun
TMPDIR=$(mktemp -d /tmp/parma-t.XXXXXX)
export TMPDIR PTYRUN_OUTPUT=1
trap 'rm -rf "$TMPDIR" "$scratch"' EXIT
program work/spin 14000000
cd work || exit 99

leaves() { # STATUS, steps and command
	local want=$1
	shift
	timeout 3000 "$ptyrun" "$@" >said 2>&1 || { cat -v said; return 1; }
	grep -aq "^status $want\$" said || { cat -v said; return 1; }
}
on_second_screen_and_back() { # the last things written leave it
	grep -aq $'\033\[?1049h' said && [ "$(grep -ao $'\033\[?1049[hl]' said | tail -1)" = $'\033[?1049l' ] &&
		[ "$(grep -ao $'\033\[?25[hl]' said | tail -1)" = $'\033[?25h' ] || { cat -v said; return 1; }
}
guest() {
	rm -f "$scratch/q"
	"$parma" boot -smp 3 -accel interp -nodefaults -display none -kernel spin -qmp unix:"$scratch/q",server=on,wait=off >/dev/null 2>&1 &
	guest=$!
	until_true test -S "$scratch/q"
}
top=(-- "$parma" top --interval 100 "$scratch/q")

# -- parma top --
guest
ok "q leaves parma top" leaves 0 size:80,24 raw see:"percent of time" see:"q leaves" type:q end "${top[@]}"
ok "... and its screen" on_second_screen_and_back
rows() { grep -aq 'running' said && grep -aq 'instructions/s' said; }
ok "states and rates" rows
# Of all that came since the start: the size held before that.
widest() { tr '\033' '\n' <said | sed 's/^\[[?0-9;]*[A-Za-z]//; s/\r//' | awk -v w="$1" '/vCPU|percent|running|off/ && length($0) >= w { print; bad = 1 } END { exit bad }'; }
ok "a narrow screen" leaves 0 size:40,24 raw see:"running" see:"instructions" type:q end "${top[@]}"
ok "... has no line that is too long" widest 40
ok "a low screen leaves vCPUs out and says so" leaves 0 size:80,6 raw see:"more vCPUs" type:q end "${top[@]}"
ok "it follows the screen's size" leaves 0 size:80,24 raw see:"instructions/s" size:60,5 see:"more vCPUs" size:90,30 see:"tlb_misses/s" type:q end -- "$parma" top --interval 300 "$scratch/q"
winch=$(kill -l WINCH)
storm=$(for _ in $(seq 30); do printf 'see:running '; printf "send:$winch %.0s" $(seq 300); done)
# shellcheck disable=SC2086
ok "nor do signals that come while it draws or waits for an answer end it" leaves 0 size:80,24 raw $storm type:q end -- "$parma" top --interval 50 "$scratch/q"
ok "s stops the guest and lets it go on" leaves 0 size:80,24 raw see:"running" type:s see:"paused" type:s see:"running" type:q end "${top[@]}"
ok "+ and - change the interval" leaves 0 size:80,24 raw type:++++ see:"interval: 1.6 s" type:----- see:"interval: 0.05 s" type:q end "${top[@]}"
ok "Ctrl-C leaves" leaves 130 size:80,24 raw see:"running" type:^C end "${top[@]}"
ok "... its screen too" on_second_screen_and_back
for s in TERM HUP QUIT; do
	ok "SIG$s leaves" leaves $((128 + $(kill -l $s))) size:80,24 raw see:"running" "send:$(kill -l $s)" end "${top[@]}"
	ok "... its screen too" on_second_screen_and_back
done
ok "kill -9: somebody puts the terminal in order" leaves 137 size:80,24 raw see:"running" send:9 end "${top[@]}"
ok "... and leaves its screen" on_second_screen_and_back
ok "Ctrl-Z gives the terminal back, SIGCONT takes it" leaves 0 size:80,24 raw see:"running" type:^Z cooked stopped send:18 raw see:"running" type:q end "${top[@]}"
ok "the line is cut" leaves 129 size:80,24 raw see:"running" hangup end "${top[@]}"
lost() {
	leaves 71 size:80,24 raw see:"running" "send-to:9:$guest" end "${top[@]}" && on_second_screen_and_back && grep -aq 'parma top: the guest' said
}
ok "a guest that is killed: said, and the terminal in order" lost
kill -9 "$guest" 2>/dev/null; wait "$guest" 2>/dev/null
guest
ends() { leaves 71 size:80,24 raw see:"running" "send-to:15:$guest" end "${top[@]}" && on_second_screen_and_back; }
ok "a guest that ends" ends
kill -9 "$guest" 2>/dev/null; wait "$guest" 2>/dev/null

# -- parma scale --
scale=(-- "$parma" scale --vcpus 1,2 --repeat 64 --ms 1000 --workload int --csv s.csv --json s.json --svg s.svg)
nothing_left() { [ -z "$(ls s.* 2>/dev/null)" ] && [ -z "$(ls "$TMPDIR")" ] || { ls "$TMPDIR" s.*; return 1; }; }
ok "Ctrl-C of parma scale" leaves 130 see:"round 1 of 64" type:^C end "${scale[@]}"
ok "... leaves no report and no folder" nothing_left
ok "hang-up of parma scale" leaves 129 see:"round 1 of 64" hangup end "${scale[@]}"
ok "... leaves nothing either" nothing_left

# -- parma boot --
boot=(-- "$parma" boot -nodefaults -kernel spin)
ok "kill -9 of parma boot -nographic: the terminal is in order" leaves 137 raw send:9 end "${boot[@]}" -nographic
ok "... with -serial stdio too" leaves 137 raw send:9 end "${boot[@]}" -display none -serial stdio
ok "hang-up of parma boot" leaves 129 raw hangup end "${boot[@]}" -nographic -stats json:h.json
whole() { python3 -m json.tool h.json >/dev/null && [ -z "$(ls h.json.* 2>/dev/null)" ]; }
command -v python3 >/dev/null && ok "... whose report is whole" whole || skip "... whose report is whole" "no python3"
finish
