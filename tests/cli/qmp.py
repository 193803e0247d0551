"""A QMP client's session with an emulator: what is sent, what must come back.

    qmp.py SOCKET [FILE]

Prints TAP lines without a plan, and writes the shape of each answer to FILE (for comparison with QEMU's).  The guest must
run for ever.  Ends it by `quit`.
"""
import json
import socket
import sys
import time

number = 0
shapes = []


def ok(name, good, remark=""):
    global number
    number += 1
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not good:
        print(f"#   {remark}")


class Client:
    def __init__(self, path):
        end = time.time() + 300
        while True:  # the name is there a moment before anybody listens to it, with some emulators
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(1000)
            try:
                self.sock.connect(path)
                break
            except ConnectionRefusedError:
                self.sock.close()
                if time.time() > end:
                    raise
                time.sleep(0.1)
        self.file = self.sock.makefile("r", encoding="utf-8")
        self.events = []
        self.greeting = json.loads(self.file.readline())

    def raw(self, text):
        self.sock.sendall(text.encode())

    def answer(self):
        """The next answer; events on the way are kept."""
        while True:
            line = self.file.readline()
            if not line:
                return None
            got = json.loads(line)
            if "event" not in got:
                return got
            self.events.append(got)

    def do(self, name, end="\r\n", **members):
        self.raw(json.dumps({"execute": name, **members}) + end)
        return self.answer()

    def event(self, name):
        """The event of that name, seen already or to come."""
        while True:
            for e in self.events:
                if e["event"] == name:
                    self.events.remove(e)
                    return e
            self.events.append(json.loads(self.file.readline()))


def shape(of, got):
    """Members and types, without what differs from emulator to emulator."""
    def walk(x):
        if isinstance(x, dict):
            return {k: walk(v) for k, v in sorted(x.items())}
        if isinstance(x, list):
            return [walk(x[0])] if x else []
        return type(x).__name__
    kept = {k: v for k, v in got.items() if k != "error"}
    if "error" in got:
        kept["error"] = got["error"]["class"]
    shapes.append(f"{of} {json.dumps(walk(kept) if 'error' not in kept else {**walk(got), 'class': kept['error']})}")
    return got


def fails(got, cls):
    return got is not None and got.get("error", {}).get("class") == cls and isinstance(got["error"].get("desc"), str)


qemu = len(sys.argv) > 2 and sys.argv[2].endswith("qemu")
c = Client(sys.argv[1])
g = shape("greeting", c.greeting)
ok("greeting: version and capabilities", isinstance(g["QMP"]["version"]["qemu"]["major"], int) and isinstance(g["QMP"]["capabilities"], list), g)
a = shape("early", c.do("query-status", id=1))
ok("no command before qmp_capabilities", fails(a, "CommandNotFound") and a["id"] == 1, a)
a = shape("negotiation", c.do("qmp_capabilities", id="two"))
ok("qmp_capabilities", a == {"return": {}, "id": "two"}, a)
a = shape("twice", c.do("qmp_capabilities"))
ok("but once only", fails(a, "CommandNotFound"), a)
a = shape("unknown", c.do("no-such-command", id={"a": [1, None]}))
ok("an unknown command, its id of any type", fails(a, "CommandNotFound") and a["id"] == {"a": [1, None]}, a)
c.raw('{"execute": 7}\n')
a = shape("number", c.answer())
ok("execute that is no string", fails(a, "GenericError"), a)
c.raw('{"arguments": {}}\n')
a = shape("nothing", c.answer())
ok("no execute", fails(a, "GenericError"), a)
a = shape("arguments", c.do("query-status", arguments=[1]))
ok("arguments that are no object", fails(a, "GenericError"), a)
a = shape("stranger", c.do("query-status", other=1, id=5))
ok("a member that does not belong", fails(a, "GenericError"), a)
c.raw("[1, 2]\n")
a = shape("list", c.answer())
ok("no object", fails(a, "GenericError"), a)
c.raw('{"execute":: }\n')
a = c.answer()
ok("no JSON", fails(a, "GenericError"), a)
while True:  # some emulators complain more than once
    c.raw('{"execute": "query-name", "id": "sync"}')
    while a is None or a.get("id") != "sync":
        a = c.answer()
    break
ok("a request without a newline at its end", "return" in a, a)
c.raw('{\n "execute":\n  "query-status", "id": "}{\\""\n}{"execute": "query-version", "id": 2}')
a, b = c.answer(), c.answer()
ok("a request of several lines, and the next right behind it", a["id"] == '}{"' and "return" in a and b["id"] == 2 and "qemu" in b["return"], (a, b))
for byte in '{"execute": "query-status", "id": 3}':
    c.raw(byte)
a = shape("status", c.answer())
ok("a request byte by byte; the guest runs", a["return"]["running"] is True and a["return"]["status"] == "running", a)
a = shape("cpus", c.do("query-cpus-fast"))
ok("query-cpus-fast", [x["cpu-index"] for x in a["return"]] == [0, 1] and all(x["thread-id"] > 0 for x in a["return"]), a)
a = shape("kvm", c.do("query-kvm"))
ok("query-kvm", a["return"]["enabled"] is False, a)
a = c.do("query-commands")
ok("query-commands", {"query-status", "stop", "cont", "quit"} <= {x["name"] for x in a["return"]}, a)

before = time.time()
a = c.do("stop")
e = shape("STOP", c.event("STOP"))
stamp = e["timestamp"]["seconds"] + e["timestamp"]["microseconds"] / 1e6
ok("stop, and its event with a timestamp", a == {"return": {}} and before - 2 <= stamp <= time.time() + 2, (a, e))
a = c.do("query-status")
ok("then it is paused", a["return"]["running"] is False and a["return"]["status"] == "paused", a)
a = c.do("stop")
ok("stop again is no error", a == {"return": {}}, a)
if not qemu:
    x, y = c.do("stats")["return"], c.do("stats")["return"]
    ok("stats: a paused guest does nothing", x["cpus"][0]["instructions"] == y["cpus"][0]["instructions"] and x["cpus"][0]["state"] == "paused", x)
    for _ in range(100):  # again where parma stood still between one clock and the next
        if all(abs(sum(p["time_ns"].values()) - x["time_ns"]) < 0.05 * x["time_ns"] + 2e7 for p in x["cpus"]):
            break
        x = c.do("stats")["return"]
    else:
        y = None
    ok("stats: times of each CPU add up", y is not None, x)
    ok("info is query-status", c.do("info")["return"] == c.do("query-status")["return"])
a = c.do("cont")
e = shape("RESUME", c.event("RESUME"))
ok("cont, and its event", a == {"return": {}} and not [x for x in c.events if x["event"] == "STOP"], (a, e, c.events))
a = c.do("query-status")
ok("then it runs", a["return"]["running"] is True, a)
if qemu:  # whose last words are often lost on the way
    c.raw('{"execute": "quit"}')
else:
    a = c.do("quit", id="bye")
    ok("quit is answered", a is not None and a.get("return") == {} and a["id"] == "bye", a)
    e = c.event("SHUTDOWN")
    ok("SHUTDOWN says who wanted it", e["data"] == {"guest": False, "reason": "host-qmp-quit"}, e)
    ok("then the connection ends", c.answer() is None)
if len(sys.argv) > 2:
    with open(sys.argv[2], "w", encoding="utf-8") as f:
        f.write("\n".join(shapes) + "\n")
