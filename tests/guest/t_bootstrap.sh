#!/usr/bin/env bash
# The commands of the README, as they stand there, on this tree.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest
b() { # arguments of bootstrap: output in out and err, status in $rc
	rc=0
	(cd "$top" && timeout 1200 ./bootstrap "$@") >out 2>err </dev/null || rc=$?
}
b build # ./bootstrap build
ok "./bootstrap build" status 0
b boot -smp 4 -- uname -m # ./bootstrap boot -smp 4 -- uname -m
ok "./bootstrap boot -smp 4 -- uname -m" said '^aarch64$'
one_line() { [ "$(wc -l <out)" = 1 ]; }
ok "and prints nothing else" one_line
b boot -- sh -c 'echo to out; echo to err >&2; exit 7'
ok "the command's status" status 7
ok "its output" says '^to out$'
ok "its errors" grep -q '^to err$' err
b boot -- sh -c 'head -c 300000 /dev/zero | tr "\0" x'
ok "long output" test "$(tr -d '\n' <out | wc -c)" = 300000
b boot -- sh -c 'poweroff -f; sleep 60'
ok "a guest that ends before its command is an error" status 70
# ./bootstrap boot to the shell, in a terminal; ./bootstrap check is what runs this.
ptyrun=$(cd "${top_builddir:-$top/build}" && pwd)/tests/cli/ptyrun
ok "./bootstrap boot: a shell; poweroff leaves" "$ptyrun" see:'/ #' type:$'nproc\r' see:'/ #' type:$'poweroff\r' end -- "$top/bootstrap" boot
ok "./bootstrap boot: Ctrl-A x leaves" "$ptyrun" see:'/ #' type:^Ax end -- "$top/bootstrap" boot
finish
