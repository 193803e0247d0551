#!/usr/bin/env bash
# Each clause of the models is needed: its test's outcome is forbidden, and allowed as soon as a clause that the
# test names (Clauses=, or obs) is left out, and stays forbidden when any other is.
set -u
parma=${top_builddir:-.}/parma
dir=${top_srcdir:-.}/tests/litmus/axioms
declare -A got
clauses=$("$parma" model --without=list | awk '{print $1}')
n=0 bad=0
base=$("$parma" model -q "$dir")
for c in $clauses; do
	while read -r name verdict; do
		[ "$verdict" = Ok ] && got[$name]="${got[$name]:-} $c"
	done < <("$parma" model -q --without="$c" "$dir")
done
sorted() { tr ' ' '\n' | grep -v -e '^obs$' -e '^$' | sort | tr '\n' ' '; }
for c in $clauses; do
	n=$((n + 1))
	f=$dir/$c.litmus
	want=$(sed -n 's/^Clauses=//p' "$f" | sorted)
	have=$(echo "${got[$c]:-}" | sorted)
	if grep -qx "$c No" <<<"$base" && [ "$want" = "$have" ] && [[ " ${got[$c]:-} " = *" $c "* ]]; then
		echo "ok $n - only clause $c forbids its test"
	else
		echo "not ok $n - clause $c: allowed without [$have], wanted [$want]"
		bad=1
	fi
done
echo "1..$n"
exit $bad
