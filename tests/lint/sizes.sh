#!/bin/sh
# Functions of at most 100 lines, files of at most 600: the reader's limits, not the compiler's. It relies on the brace style: a
# function's braces stand alone in the first column, and it says so where they do not.   usage: sizes.sh SOURCE_DIR [BINARY_DIR]
set -eu
cd "$1"
find agent parsers exporters config tests -name '*.[ch]' -type f 2>/dev/null | sort | xargs -r awk '
	function close_file() {
		if (file != "" && lines > 600) {
			print file ": " lines " lines, at most 600: a file is one noun; move the second noun to a file of its own."
			bad = 1
		}
		if (start) {
			print file ":" start ": " name " has no closing brace in the first column: follow the brace style of parsers/bytes."
			bad = 1
		}
	}
	FNR == 1 { close_file(); file = FILENAME; start = 0; lines = 0; previous = "" }
	{ lines = FNR }
	/^[A-Za-z_].*\)[ \t]*\{[ \t]*$/ && !/^(struct|union|enum)[ \t][^(]*\{/ && !/^extern "C"/ {
		print FILENAME ":" FNR ": a function opens with its brace on a line of its own."
		bad = 1
	}
	/^\{[ \t]*$/ { start = FNR; name = previous; sub(/[ \t]*$/, "", name) }
	/^\}[ \t]*$/ {
		if (start && FNR - start + 1 > 100) {
			print FILENAME ":" start ": " FNR - start + 1 " lines, at most 100: " name ": split it at its levels of abstraction."
			bad = 1
		}
		start = 0
	}
	/[^ \t]/ { previous = $0 }
	END { close_file(); exit bad }'
