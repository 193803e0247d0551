#!/usr/bin/env bash
# The terminal: raw while a guest has it, as it was after every way to leave; the keys after Ctrl-A.
. "$(dirname "$0")/lib.sh"
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0 # a build with sanitizers leaves that signal to parma
ptyrun=$(cd "${top_builddir:-$top/build}" && pwd)/tests/cli/ptyrun
program work/idle d503207f 17ffffff
# Echoes what the serial port gets: ldr w2, [x1, #0x18]; tbnz w2, #4; ldr w0, [x1]; str w0, [x1]
program work/echo d2a12001 b9401822 3727ffe2 b9400020 b9000020 17fffffc
cd work || exit 99

leaves() { # STATUS, steps and command
	local want=$1
	shift
	"$ptyrun" "$@" >said || { cat said; return 1; }
	grep -q "^status $want\$" said || { cat said; return 1; }
}
boot=(-- "$parma" boot -nodefaults -kernel)
ok "Ctrl-A x leaves" leaves 0 raw type:^Ax end "${boot[@]}" idle -nographic
ok "Ctrl-A h helps" leaves 0 raw type:^Ah see:"leave the emulator" type:^Ax end "${boot[@]}" idle -nographic
ok "Ctrl-A Ctrl-A sends one, other keys arrive" leaves 0 raw type:ab see:ab type:^A^Ac see:$'\1'c type:^Ax end "${boot[@]}" echo -nographic
ok "Ctrl-C goes to the guest with -nographic" leaves 0 raw type:^C see:$'\3' type:^Ax end "${boot[@]}" echo -nographic
ok "Ctrl-C ends with -serial stdio" leaves 130 raw type:^C end "${boot[@]}" idle -display none -serial stdio
for s in TERM INT HUP QUIT; do
	n=$(kill -l $s)
	ok "SIG$s restores the terminal" leaves $((128 + n)) raw "send:$n" end "${boot[@]}" idle -nographic
done
ok "SIGSEGV restores the terminal" leaves 139 raw send:11 end "${boot[@]}" idle -nographic
ok "a guest's power-off restores the terminal" leaves 0 end -- "$parma" boot
finish
