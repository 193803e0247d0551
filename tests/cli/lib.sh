# For the tests of the command line: sourced, not run.
# TAP by `ok`, a scratch folder as the current one, programs for the guest from words.
parma=${PARMA:-$(cd "${top_builddir:-$(dirname "$0")/../../build}" && pwd)/parma}
top=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
tests=0 failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99
mkdir work

# ok NAME COMMAND...: one test, passed if the command succeeds. What it prints becomes remarks when it fails.
ok() {
	local name=$1
	shift
	tests=$((tests + 1))
	if "$@" >"$scratch/ok.out" 2>&1; then
		echo "ok $tests - $name"
	else
		echo "not ok $tests - $name"
		head -20 "$scratch/ok.out" | sed 's/^/#   /'
		failed=$((failed + 1))
	fi
}
skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}
finish() {
	echo "1..$tests"
	exit $((failed > 0))
}

# p ARGUMENTS...: runs parma in work/, which is listed before and after; its output in out and err, its status in $rc.
# Limits are for hangs: on a busy host everything takes ten times as long.
p() {
	rc=0
	(cd work && exec timeout "${limit:-600}" "$parma" "$@") </dev/null >out.raw 2>err || rc=$?
	tr -d "\r" <out.raw >out
}
# What p left: status, a pattern that a line of the output has.
status() { [ "$rc" = "$1" ] || { [ "$1" = . ] && [ "$rc" != 0 ]; } || { echo "status $rc, not $1"; tail -n 5 out err; return 1; }; }
says() { grep -Eq -- "$1" out || { echo "no line like '$1' in the output:"; cat out err; return 1; }; }
# runs STATUS PATTERN ARGUMENTS...
runs() {
	local want=$1 pattern=$2
	shift 2
	p "$@"
	status "$want" && says "$pattern"
}
# refused STATUS PATTERN ARGUMENTS...: that status, one line on stderr, nothing else written anywhere.
refused() {
	local want=$1 pattern=$2 before after
	shift 2
	before=$(cd work && ls -lA --time-style=full-iso)
	p "$@"
	after=$(cd work && ls -lA --time-style=full-iso)
	status "$want" || return 1
	[ "$(wc -l <err)" = 1 ] && grep -Eq -- "^parma: .*$pattern" err || { echo "stderr is not one line like '$pattern':"; cat err; return 1; }
	[ ! -s out ] || { echo "wrote to stdout:"; head -3 out; return 1; }
	[ "$before" = "$after" ] || { echo "wrote a file:"; diff <(echo "$before") <(echo "$after"); return 1; }
}

# until_true COMMAND...: waits for it to succeed; ten minutes are for hangs.
until_true() {
	local end=$((SECONDS + 600))
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "waited in vain for: $*"; return 1; }
		sleep 0.05
	done
}
# Whether process PID is one of parma's whose vCPUs run, past every step of a start; whether it is gone, its parent's wait() or not.
has_vcpus() { grep -qs vcpu /proc/"$1"/task/*/comm; }
is_gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:[[:space:]]*[ZX]' "/proc/$1/status" 2>/dev/null; }

# program FILE HEX-WORD...: a raw image of these instructions.
program() {
	local file=$1 w
	shift
	for w in "$@"; do
		printf "\\x${w:6:2}\\x${w:4:2}\\x${w:2:2}\\x${w:0:2}"
	done >"$file"
}
