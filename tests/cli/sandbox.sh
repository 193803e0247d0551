#!/usr/bin/env bash
# The sandbox around a running machine: it is closed over every thread, and whatever parma does while a guest runs, or at
# its end, works inside. What it forbids is tried out in tests/base/t_sandbox.c.
. "$(dirname "$0")/lib.sh"
. "$top/tests/guest/linux.sh"
usage=64
program work/idle d503207f 17ffffff
program work/reset 58000040 d4000002 84000009 00000000
bare="-nodefaults -display none"

# start OPTIONS...: parma in the background as $pid, its vCPUs running.
start() {
	(cd work && exec env --default-signal "$parma" boot "$@") </dev/null >out 2>err &
	pid=$!
	until_true has_vcpus $pid || { cat err; return 1; }
}
stop() { kill "$pid" && wait "$pid"; [ $? = 143 ]; }
state() { cat /proc/$pid/task/*/status | sed -n "s/^$1:[[:space:]]*//p" | sort | uniq; }
closed() {
	start $bare "$@" -kernel idle -smp 3 || return 1
	echo "filters $(state Seccomp), privileges $(state NoNewPrivs), threads $(ls /proc/$pid/task | wc -l)"
	[ "$(state Seccomp) $(state NoNewPrivs)" = "${want:-2 1}" ]
	local rc=$?
	stop && return $rc
}
start $bare -kernel idle -sandbox on
stop
if grep -q 'no sandbox on this host' err; then
	echo "1..0 # SKIP $(cat err)"
	exit 0
fi
ok "every thread is in it" closed
ok "-sandbox on" closed -sandbox on
ok "--sandbox on with the keys of other emulators" closed --sandbox on,obsolete=deny,elevateprivileges=children,spawn=deny,resourcecontrol=allow
want="0 0" ok "--sandbox off" closed --sandbox off
ok "-sandbox help" runs 0 elevateprivileges boot -sandbox help
ok "-sandbox maybe" refused $usage "-sandbox.*maybe" boot -sandbox maybe
ok "-sandbox on,spawn=children" refused $usage "spawn" boot -sandbox on,spawn=children
ok "-sandbox on,sudo=deny" refused $usage "sudo" boot -sandbox on,sudo=deny
ok "-sandbox on, and programs for the guest's connections" refused $usage "guestfwd" boot -sandbox on -netdev user,id=n,guestfwd=tcp:10.0.2.100:80-cmd:cat
says_so() { p boot -netdev user,id=n,guestfwd=tcp:10.0.2.100:80-cmd:cat; status 0 && grep -q '^parma: no sandbox: guestfwd' err && [ "$(wc -l <err)" = 1 ]; }
ok "such connections without -sandbox: one line" says_so

# -- files --
whole() { p boot "$@" && status 0 && [ ! -s err ]; }
report() { whole -stats json:report -smp 2 && grep -q usable_cpus work/report && [ "$(ls work | grep -c report)" = 1 ]; }
ok "-stats json:FILE" report
no_report() { p boot -stats json:nowhere/report; grep -q "cannot write 'nowhere/report'" err; }
ok "-stats json:FILE where none can be: it says so" no_report
same() { # the processors that the report speaks of are those from outside
	p boot -stats json:/dev/stdout -sandbox "$1"; sed -n 's/.*usable_cpus": *\([0-9]*\).*/\1/p' out
}
same_cpus() { [ -n "$(same on)" ] && [ "$(same on)" = "$(same off)" ]; }
ok "the report's numbers are those without" same_cpus
logs() { whole -d in_asm,int,guest_errors -D log && [ -s work/log ]; }
ok "-D log" logs
to_file() { whole -serial file:serial && grep -q 'CPUs online' work/serial; }
ok "-serial file:" to_file
ok "-sched list: threads choose their processor" whole -smp 2 -sched list:0,0
ok "-sched rr" whole -smp 2 -sched rr:3
resets() { # the kernel is read again though its file is gone
	cp work/reset work/gone
	start $bare -kernel gone && rm work/gone && sleep 0.3 && stop && [ ! -s err ] || { cat err; return 1; }
}
ok "resets of a guest whose file is gone" resets

# -- sockets --
talk() { # SOCKET, TEXT: sends it and prints what comes until the other side closes
	timeout 600 python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.argv[2].encode())
while True:
    d = s.recv(4096)
    if not d: break
    sys.stdout.write(d.decode())
    sys.stdout.flush()' "$@"
}
control() {
	start $bare -kernel idle -qmp unix:qmp,server=on,wait=off -chardev socket,id=s,path=ser,server=on,wait=off -serial chardev:s || return 1
	talk work/qmp '{"execute":"qmp_capabilities"}
{"execute":"query-status"}
{"execute":"quit"}
' >qmp.out
	grep -q '"running"' qmp.out || { cat qmp.out; kill $pid; return 1; }
	wait $pid
	[ ! -e work/qmp ] && [ ! -e work/ser ] || { ls -l work; return 1; }
}
killed() {
	start $bare -kernel idle -qmp unix:qmp,server=on,wait=off || return 1
	kill -9 $pid
	wait $pid
	until_true eval '[ ! -e work/qmp ]'
}
if command -v python3 >/dev/null; then
	ok "control and serial sockets work and are removed" control
	ok "even after kill -9" killed
else
	skip "sockets" "no python3"
fi

# -- a guest with everything --
need_guest
engine= append=net=1
ok_net() { status 0 && says "$1"; }
mkdir web
head -c 1000000 /dev/urandom >web/blob
python3 -u -m http.server 0 --bind 127.0.0.1 --directory web >http.log 2>&1 &
server=$!
trap 'kill $server; rm -rf "$scratch"' EXIT
until_true grep -q port http.log
port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' http.log)
# A port of our own: bound, so that nobody else gets it, and not listened at, so that parma may, which sets SO_REUSEADDR too.
# A connection taken while the guest's network was not up may never be answered, so each waits for a while only. The guest serves until web/done exists.
python3 -uc 'import os, socket, time
own = socket.socket()
own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
own.bind(("127.0.0.1", 0))
port = own.getsockname()[1]
print("port", port)
end = time.time() + 1000
patience = 1
while time.time() < end and not os.path.exists("web/over"):
    try:
        s = socket.create_connection(("127.0.0.1", port), patience)
        patience = min(2 * patience, 60)
        d = s.recv(100)
        s.close()
        if d:
            print(d.decode())
            break
    except OSError:
        pass
    time.sleep(0.1)
open("web/done", "w")' >fwd.out 2>&1 &
client=$!
until_true grep -q port fwd.out
fwd=$(sed -n 's/^port //p' fwd.out)
truncate -s 4M work/disk
linux "wget -q -O /tmp/blob http://10.0.2.2:$port/blob && sha256sum </tmp/blob
printf '#!/bin/sh\necho through the port\n' >/tmp/say && chmod +x /tmp/say
nc -ll -p 7 -e /tmp/say </dev/null &
until wget -q -O /dev/null http://10.0.2.2:$port/done 2>/dev/null; do sleep 0.1; done
printf hello | dd of=/dev/vda conv=notrunc,fsync 2>/dev/null && echo disk
blkdiscard /dev/vda 2>/dev/null
dd if=/dev/hwrng bs=16 count=1 2>/dev/null | wc -c" \
	-smp 2 -sandbox on -nic user,hostfwd=tcp:127.0.0.1:$fwd-:7 \
	-drive file=disk,format=raw,if=none,id=d,snapshot=on,discard=unmap -device virtio-blk-device,drive=d -device virtio-rng-device
touch web/over
wait $client
ok "the guest reaches the host" ok_net "$(sha256sum <web/blob | cut -d' ' -f1)"
ok "the host reaches the guest" grep -q 'through the port' fwd.out
ok "a disk with snapshot=on" says '^disk$'
ok "random numbers" says '^16$'
finish
