#!/bin/sh
# parsers/ is pure: bytes in, records out. What the library needs from outside is a short list (no files, sockets, clocks, logging),
# and it holds no writable data.   usage: pure.sh SOURCE_DIR BINARY_DIR
set -eu
allowed=$1/tests/lint/pure_allowed.txt
library=$2/libparsers.a
status=0
[ -f "$library" ] || { echo "$library is missing: build the target 'parsers' first"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nm --format=posix "$library" >"$work/symbols" 2>"$work/errors" || { cat "$work/errors"; exit 1; }
awk 'NF >= 2 && $2 != "U" && $2 != "w" && $2 != "v" { print $1 }' "$work/symbols" | sort -u >"$work/defined"
[ -s "$work/defined" ] || { echo "$library defines nothing: is it a library of ours?"; exit 1; }
# Sanitizers, coverage and stack protection bring symbols of their own, in builds that ask for them.
awk '$2 == "U" || $2 == "w" || $2 == "v" { print $1 }' "$work/symbols" |
	grep -vE '^(__asan_|__ubsan_|__sanitizer_|__lsan_|__tsan_|__msan_|__gcov|__sancov|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)' |
	sort -u >"$work/undefined"
grep -vE '^(#|$)' "$allowed" | sed 's/[[:space:]].*//' | sort -u >"$work/allowed"
cat "$work/defined" "$work/allowed" | sort -u | comm -23 "$work/undefined" - >"$work/bad"
while read -r symbol; do
	where=$(nm -A --format=posix "$library" | awk -v s="$symbol" '$2 == s && $3 == "U" { sub(/:$/, "", $1); sub(/.*\[/, "", $1); sub(/\]$/, "", $1); print $1; exit }')
	echo "parsers/: $where calls $symbol: parsers must not touch files, sockets, clocks, locales or logs. Take the value as an argument; a pure libc function is added to tests/lint/pure_allowed.txt."
	status=1
done <"$work/bad"

# Writable objects are globals. Constant tables that hold pointers sit in .data.rel.ro and are fine.
objdump -t "$library" | awk '
	/^In archive|file format/ { file = $1; sub(/:$/, "", file) }
	/ O (\.data|\.bss|\.tdata|\.tbss)(\.[^r][^\t ]*)?[\t ]/ && $NF !~ /^(\.|_*_asan|_*_ubsan|__odr|\*?\.?L)/ && !/\.data\.rel\.ro/ {
		print "parsers/: " file ": " $NF " is writable data: make it const, or put it into the state struct that the caller owns."
		bad = 1
	}
	END { exit bad }' || status=1
exit $status
