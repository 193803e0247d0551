#!/usr/bin/env bash
# Mutants: one deliberate mistake at a time in a scratch copy of the sources, and the everyday tests that must notice it.
# The list and its format: mutants.txt beside this file.  `make check-mutation`, or from the build folder:
#   run.sh [-n] [REGEX]     only mutants whose name matches; -n: only whether the edits apply (tests/house/mutants.sh)
# Prints TAP: a mutant that a named test does not notice has survived, which is a failure, as is an edit that no longer
# applies.  SCRATCH: folder for the copy (kept, and used again); default: a temporary one.
src=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
build=$(cd "${top_builddir:-.}" && pwd)
dry=
[ "${1:-}" != -n ] || { dry=yes; shift; }
only=${1:-${MUTANTS:-}}
list=$src/tests/mutation/mutants.txt
scratch=${SCRATCH:-}
if [ -z "$scratch$dry" ]; then
	scratch=$(mktemp -d) || exit 99
	trap 'rm -rf "$scratch"' EXIT
fi
count=0 survivors=0

bail() { echo "Bail out! $*"; exit 99; }

# A configured copy of the sources, compiled quickly rather than well.
prepare() {
	mkdir -p "$scratch/src" || bail "no scratch folder"
	(cd "$src" && tar --exclude='*.o' --exclude='*.a' -cf - configure* config.h.in Makefile.* *.m4 build-aux m4 docs \
		README.md LICENSE bootstrap src mcm sched litmus tests) | tar -C "$scratch/src" -xf - || bail "cannot copy the sources"
	(cd "$scratch/src" && sed -n 's/^in //p' "$list" | sort -u | xargs touch) # what an earlier run has left of its last mutant
	mkdir -p "$scratch/build" && cd "$scratch/build" || bail "no build folder"
	[ -e Makefile ] || eval "../src/configure -q $("$build/config.status" --config) --disable-werror --disable-debug CFLAGS=-O0" \
		>log 2>&1 || bail "configure failed: $(tail -1 log)"
	make -s src/a64/a64_enc.gen.h >log 2>&1 || bail "the tables do not build"
}

# Of the mutants that are to be tried.
tests_of_list() {
	local line wanted=''
	while IFS= read -r line; do
		[[ $line == 'mutant '* ]] && { wanted=''; [[ -z $only || ${line#mutant } =~ $only ]] && wanted=yes; }
		[[ $wanted && $line == 'by '* ]] && echo "${line#by }"
	done <"$list" | sort -u
}

build_test() { case $1 in *.sh | *.sh\ *) make -s parma >log 2>&1 ;; *) make -s "${1%% *}" >log 2>&1 ;; esac; }

run_test() { # "TEST ARGUMENT...": 0 if it passes
	local words
	read -ra words <<<"$1"
	export top_srcdir=$scratch/src top_builddir=$scratch/build
	case $1 in
	*.sh | *.sh\ *) timeout 600 bash "$scratch/src/${words[0]}" "${words[@]:1}" ;;
	*) timeout 600 "${words[@]}" ;;
	esac >out 2>&1 && ! grep -q '^not ok\|^Bail' out
}

# The text of the file with the first $1 replaced by $2, if it is there exactly once.
edited() {
	local all rest
	all=$(<"$3") && [[ $all == *"$1"* ]] || return 1
	rest=${all#*"$1"}
	[[ $rest != *"$1"* ]] || return 2
	printf '%s\n' "${all%%"$1"*}$2$rest"
}

mutant() { # of the variables name, file, was, now and by
	local noticed='' missed='' t source=$scratch/src/$file
	count=$((count + 1))
	if [ -n "$dry" ]; then
		edited "$was" "$now" "$src/$file" >/dev/null && echo "ok $count - $name: applies" && return
		survivors=$((survivors + 1))
		echo "not ok $count - $name: the edit of $file does not apply (or not just once)"
		return
	fi
	cp -p "$source" "$scratch/pristine"
	if ! edited "$was" "$now" "$source" >"$scratch/mutated"; then
		survivors=$((survivors + 1))
		echo "not ok $count - $name: the edit of $file does not apply (or not just once)"
		return
	fi
	cp "$scratch/mutated" "$source"
	for t in "${by[@]}"; do
		if ! build_test "$t"; then
			missed="$missed, $t (it does not build)"
		elif run_test "$t"; then
			missed="$missed, $t"
		else
			noticed="$noticed, $t"
		fi
	done
	cp "$scratch/pristine" "$source"
	if [ -z "$missed" ]; then
		echo "ok $count - $name: noticed by ${noticed#, }"
	else
		survivors=$((survivors + 1))
		echo "not ok $count - $name SURVIVED ${missed#, }${noticed:+; noticed by ${noticed#, }}"
	fi
}
one() { [ -n "$name" ] && [[ -z $only || $name =~ $only ]] && mutant 2>/dev/null; }

# Without a mistake all tests pass.
baseline() {
	while IFS= read -r t; do
		build_test "$t" || bail "$t does not build: $(grep -m1 error: log)"
		run_test "$t" || bail "$t fails without a mutation"
	done < <(tests_of_list)
}

[ -n "$dry" ] || { prepare && baseline; }
name=''
while IFS= read -r line; do
	case $line in
	'#'* | '') ;;
	mutant\ *) one; name=${line#mutant } by=() ;;
	in\ *) file=${line#in } ;;
	was\ *) was=${line#was } more=was ;;
	now\ *) now=${line#now } more=now ;;
	by\ *) by+=("${line#by }") ;;
	*) printf -v "$more" '%s\n%s' "${!more}" "$line" ;;
	esac
done <"$list"
one
[ -n "$dry" ] || echo "# $count mutants, $survivors survived"
echo "1..$count"
[ "$survivors" = 0 ]
