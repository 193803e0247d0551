# The manual page from parma.1.in and the program's help: lines that begin with C are of
# `parma --help`, with O of `parma help boot`.
function q(s) { gsub(/\\/, "\\e", s); gsub(/-/, "\\-", s); return s }
FILENAME == "-" && /^C  [a-z]/ {
	name = $2
	sub(/^C  [a-z]+ +/, "")
	commands = commands ".TP\n.B " name "\n" q($0) "\n"
	next
}
FILENAME == "-" && /^O  -/ {
	option = substr($2, 1)
	sub(/^O  -[^ ]+ */, "")
	options = options ".TP\n.B " q(option) " \\fI" q($0) "\\fR\n"
	next
}
FILENAME == "-" && /^O        / {
	sub(/^O +/, "")
	options = options q($0) "\n"
	next
}
FILENAME == "-" { next }
/^@COMMANDS@$/ { printf "%s", commands; next }
/^@OPTIONS@$/ { printf "%s", options; next }
{ print }
