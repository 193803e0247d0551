#!/usr/bin/env bash
# Commands that the documents show: each line of a ```sh block that calls build/parma or
# printf is run, and must succeed, with the built-in guest or the files that the block itself makes; a block whose
# first line is "# needs ..." is checked for its options only.  ./bootstrap commands are run by tests/guest/t_bootstrap.sh.
# Files that the documents name exist.
. "$(dirname "$0")/../cli/lib.sh"
ln -s "$(dirname "$parma")" work/build

blocks() { # FILE: each block of shell on one line, its lines joined by \1
	awk '/^```sh$/ {on = 1; text = ""; next} /^```$/ {if (on) print text; on = 0} on {text = text $0 "\1"}' "$1"
}
options_known() { # the options of a block, as in the help
	local o
	for o in $(grep -Eo ' -[a-z][a-z-]*' <<<"$1" | sort -u); do
		"$parma" help boot | grep -q -- "^  $o " || { echo "parma boot has no option $o"; return 1; }
	done
}
run_block() { (cd work && timeout 600 bash -ec "$1" </dev/null); }
for doc in "$top/README.md" "$top"/docs/*.md; do
	name=${doc#"$top"/}
	while IFS= read -r block; do
		text=${block//$'\1'/$'\n'}
		first=${text%%$'\n'*}
		case $text in
		"# needs"*) ok "$name: options of $(sed -n 2p <<<"$text" | cut -c1-60)" options_known "${text//\\$'\n'/}" ;;
		./bootstrap*) ok "$name: $first" grep -qF -- "${first%% -*}" "$top/tests/guest/t_bootstrap.sh" ;;
		*) ok "$name: $first" run_block "$text" ;;
		esac
	done < <(blocks "$doc")
	missing() {
		local f bad=0
		for f in $(grep -Eo '`(src|tests|docs|mcm|sched|litmus)/[A-Za-z0-9_./-]+`' "$doc" | tr -d '`' | sort -u); do
			[ -e "$top/$f" ] || [ -e "$(dirname "$parma")/$f" ] || [ -e "$top/$f.c" ] || { echo "$name names $f, which is not there"; bad=1; }
		done
		return $bad
	}
	ok "$name: the files that it names are there" missing
done
finish
