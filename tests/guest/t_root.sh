#!/usr/bin/env bash
# A Debian root file system on a virtio disk: programs of the distribution run right, files survive a reboot, the network
# reaches the host.
. "$(dirname "$0")/../cli/lib.sh"
. "$top/tests/guest/linux.sh"
need_guest
command -v python3 >/dev/null || { echo "1..0 # SKIP no python3"; exit 0; }
need_root

mkdir web
head -c 5000000 /dev/urandom >web/blob
blob=$(sha256sum <web/blob | cut -d' ' -f1)
python3 -u -m http.server 0 --bind 127.0.0.1 --directory web >http.log 2>&1 &
server=$!
trap 'kill $server; rm -rf "$scratch"' EXIT
for _ in $(seq 600); do grep -q port http.log && break; sleep 0.1; done
port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' http.log)

job() { # SCRIPT: one boot of the root file system
	limit=3600 root "$1" -netdev user,id=n -device virtio-net-device,netdev=n
}
job "echo cpus \$(nproc)
openssl speed -seconds 1 sha256 2>&1 | tail -1
echo abc | openssl sha256
python3 -c 'import hashlib; print(\"python\", sum(x * x for x in range(100000)), hashlib.md5(b\"abc\").hexdigest())'
stress-ng --cpu 2 --verify --timeout 10s 2>&1
stress-ng --verify --timeout 10s --vecmath 1 --matrix 1 --qsort 1 --bsearch 1 --str 1 --wcs 1 --hash 1 --atomic 2 --mutex 2 --memcpy 1 \\
	--vm 1 --vm-bytes 32M --switch 1 --futex 2 --sem 2 --zlib 1 --fp-error 1 --mergesort 1 2>&1 | sed 's/^/classes: /'
wget -q -O /tmp/blob http://10.0.2.2:$port/blob && sha256sum /tmp/blob
head -c 20000000 /dev/urandom >/root/data && cp /root/data /root/copy && cp -r /usr/lib/python3.* /root/tree
find /root -type f | sort | xargs sha256sum >/sums
wc -l </sums"
ok "boots and powers off" said '^job: status 0'
ok "openssl speed" says '^sha256 +[0-9.]+k'
ok "openssl sha256" says 'edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb'
ok "python" says '^python 333328333350000 900150983cd24fb0d6963f7d28e17f72'
ok "stress-ng --cpu 2 --verify" says 'successful run completed'
ok "stress-ng --verify of arithmetic, vectors, memory, locks and switches" says '^classes: .*successful run completed'
ok "wget from the host" says "$blob"
job 'sha256sum -c --quiet /sums && echo "sums hold $(wc -l </sums)"
e2fsck -fn /dev/vda 2>&1 | tail -1'
ok "copies hold after a reboot" said '^sums hold [0-9]{2,}'
ok "the file system is clean from outside" e2fsck -fn work/root.img
finish
