#!/usr/bin/env bash
# Every header compiles alone, but for bodies of semantics (they belong behind an evaluator) and templates that say so.
set -u
cd "${top_srcdir:-.}" || exit 99
build=${top_builddir:-.}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0 n=0
check() {
	echo "#include \"$1\"" | ${CC:-cc} -std=gnu17 -fsyntax-only -D_GNU_SOURCE -Isrc -I. -I"$build" -I"$build/src" -x c - 2>"$tmp/$2"
}
headers=$(find src mcm sched litmus -name '*.h' -not -path 'src/a64/sem/*' | sort)
for h in $headers; do
	head -15 "$h" | grep -q 'Not a header to include alone' && continue
	n=$((n + 1))
	if ! check "${h#src/}" "$n"; then
		echo "# $h does not compile alone:"
		sed 's/^/#   /' "$tmp/$n" | head -4
		bad=$((bad + 1))
	fi
done
[ $bad = 0 ] && echo "ok 1 - $n headers compile alone" || echo "not ok 1 - $bad of $n headers do not compile alone"
echo 1..1
exit $((bad > 0))
