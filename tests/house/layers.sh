#!/usr/bin/env bash
# Every #include "folder/file.h" stays within the layers of docs/layers.txt.
set -u
cd "${top_srcdir:-.}" || exit 99
awk '
FILENAME == "docs/layers.txt" {
	if ($1 ~ /^[0-9]+$/) {
		layer[$2] = $1
		for (k = 3; k <= NF; k++) never[$2, $k] = 1
	}
	next
}
function folder_of(path,    f) {
	for (f in layer)
		if (index(path, f "/") == 1) return f
	return ""
}
/^#[ \t]*include[ \t]*"/ {
	split($0, q, "\"")
	inc = q[2]
	from = folder_of(FILENAME)
	to = folder_of("src/" inc)
	if (to == "") to = folder_of(inc)
	if (from == "" || to == "" || from == to) next
	n++
	if (layer[to] > layer[from] || ((from, to) in never)) {
		printf "# %s includes %s\n", FILENAME, inc
		bad++
	}
}
END {
	printf "%sok 1 - %d includes across folders follow docs/layers.txt\n1..1\n", bad ? "not " : "", n
	exit bad > 0
}' docs/layers.txt $(find src mcm sched litmus -name '*.[ch]')
