#!/usr/bin/env bash
# The control socket as QMP clients use it; the same session with QEMU where that is installed, and the answers' shapes compared.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "1..0 # SKIP no python3"; exit 0; }
program work/spin 14000000
session() { # NAME COMMAND...: leaves what it said, and the emulator's status in rc
	local name=$1 pid
	shift
	(cd work && exec "$@" -smp 2 -nodefaults -display none -kernel spin -qmp unix:"$scratch/$name.sock",server=on,wait=off) >boot.out 2>&1 </dev/null &
	pid=$!
	until_true test -S "$scratch/$name.sock" >said || { kill -9 $pid; return; }
	timeout 3000 python3 "$top/tests/cli/qmp.py" "$scratch/$name.sock" "$scratch/$name" >said 2>&1 || echo "not ok - the session was broken off" >>said
	for _ in $(seq "$patience"); do kill -0 $pid 2>/dev/null || break; sleep 0.1; done
	kill -9 $pid 2>/dev/null
	rc=0
	wait $pid || rc=$?
}
# Several sockets: each has its client, what happens is told to all.
cat >two.py <<'END'
import json, socket, sys
class Client:
    def __init__(self, path):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(600)
        s.connect(path)
        self.f = s.makefile("rw")
        assert "QMP" in self.line()
        self.do("qmp_capabilities")
    def line(self):
        return json.loads(self.f.readline())
    def do(self, name):
        self.f.write(json.dumps({"execute": name}) + "\n")
        self.f.flush()
        while True:
            r = self.line()
            if "return" in r:
                return r["return"]
    def event(self, name):
        while True:
            if self.line().get("event") == name:
                return
a, b, c = (Client(p) for p in sys.argv[1:])
assert a.do("query-status")["status"] == "prelaunch"
a.do("cont")
b.event("RESUME")
c.event("RESUME")
b.do("stop")
a.event("STOP")
assert c.do("query-status") == {"status": "paused", "running": False}
c.do("quit")
a.event("SHUTDOWN")
b.event("SHUTDOWN")
END
three() {
	local pid rc=0
	(cd work && exec "$parma" boot -S -nodefaults -display none -kernel spin -qmp unix:"$scratch/a.sock",server=on,wait=off -qmp unix:"$scratch/b.sock",server=on,wait=off \
		-chardev socket,path="$scratch/c.sock",server=on,wait=off,id=m -mon chardev=m,mode=control) >boot.out 2>&1 </dev/null &
	pid=$!
	until_true test -S "$scratch/a.sock" && until_true test -S "$scratch/b.sock" && until_true test -S "$scratch/c.sock" &&
		timeout 3000 python3 two.py "$scratch/a.sock" "$scratch/b.sock" "$scratch/c.sock" || { kill -9 $pid; return 1; }
	wait $pid || rc=$?
	[ $rc = 0 ] && [ -z "$(ls "$scratch"/?.sock 2>/dev/null)" ] || { cat boot.out; ls "$scratch"; return 1; }
}
ok "three control sockets" three
ok "-mon that is not for QMP" refused 64 'only mode=control' boot -chardev null,id=m -mon m -kernel spin
ok "-mon without its chardev" refused 64 'no -chardev with id=m' boot -mon chardev=m,mode=control -kernel spin
patience=6000 # tenths of a second that the emulator may take to end
passed() { grep -q '^ok' said && ! grep -q '^not ok' said || { grep -A1 '^not ok' said || tail -3 said; cat boot.out; echo "status $rc"; return 1; }; }
session parma "$parma" boot -accel interp
ok "a session of a QMP client ($(grep -c '^ok' said) steps)" eval '[ "$rc" = 0 ] && passed'
if command -v qemu-system-aarch64 >/dev/null; then
	patience=50 # how QEMU ends is not looked at: it may miss a quit whose client has gone
	session qemu qemu-system-aarch64 -M virt -cpu max
	ok "the same session with QEMU: what is asked for here holds there" passed
	# Every member that parma sends is one that QEMU sends, with the same type, and every kind of error is the same.
	alike() {
		python3 - "$scratch/parma" "$scratch/qemu" <<-'END'
		import json, sys
		ours, theirs = (dict(line.split(" ", 1) for line in open(f)) for f in sys.argv[1:])
		def inside(a, b, at):
		    if isinstance(a, dict) and isinstance(b, dict):
		        return all(k in b and inside(a[k], b[k], f"{at}.{k}") or print(at, k, "is not QEMU's") for k in a)
		    if isinstance(a, list) and isinstance(b, list):
		        return not a or not b or inside(a[0], b[0], at)
		    return a == b or print(at, a, "is", b, "there")
		good = [inside(json.loads(ours[k]), json.loads(theirs[k]), k) for k in ours]
		sys.exit(not (all(good) and ours.keys() == theirs.keys()))
		END
	}
	ok "answers, errors and events have QEMU's shapes" alike
else
	skip "the same session with QEMU" "no qemu-system-aarch64"
	skip "answers have QEMU's shapes" "no qemu-system-aarch64"
fi
guest_off() { # the guest's own end
	(cd work && exec "$parma" boot -S -display none -serial null -qmp unix:"$scratch/o",server=on,wait=off) >boot.out 2>&1 &
	local pid=$! status=0
	until_true test -S "$scratch/o" || { kill -9 $pid; return 1; }
	timeout 3000 python3 - "$scratch/o" <<-'END' || { kill -9 $pid; return 1; }
	import json, socket, sys
	s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); f = s.makefile("r"); f.readline()
	def do(name):
	    s.sendall(json.dumps({"execute": name}).encode())
	    return json.loads(f.readline())
	do("qmp_capabilities")
	st = do("query-status")["return"]
	assert st == {"status": "prelaunch", "running": False}, st
	s.sendall(b'{"execute": "cont"}')
	seen = [json.loads(line) for line in f]
	assert seen[-1]["event"] == "SHUTDOWN" and seen[-1]["data"] == {"guest": True, "reason": "guest-shutdown"}, seen
	END
	wait $pid || status=$?
	[ $status = 0 ]
}
ok "-S is prelaunch; a guest that powers off says so" guest_off
finish
