#!/bin/sh
# Include arrows: agent -> exporters, config -> parsers -> libc. Quoted includes are paths from the repository root; a third-party
# header may be included only in the folder that owns that library.   usage: layers.sh SOURCE_DIR [BINARY_DIR]
set -eu
cd "$1"
status=0

libc='assert|ctype|dirent|dlfcn|endian|errno|fcntl|fenv|float|fnmatch|getopt|glob|grp|inttypes|limits|locale|malloc|math|netdb|poll|pthread|pwd|sched|semaphore|setjmp|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|termios|threads|time|unistd|utime|wchar|(sys|linux|net|netinet|arpa|asm)/.*|[a-z]mmintrin'
pure='assert|ctype|endian|errno|float|inttypes|limits|math|stdalign|stdarg|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|[a-z]mmintrin'

# check FOLDER "ALLOWED FOLDERS" "ALLOWED <HEADERS>, as one regular expression without .h"
check() {
	[ -d "$1" ] || return 0
	# Lines become FILE:LINE:HEADER, with the quote or bracket kept so that the two kinds can be told apart.
	find "$1" -name '*.[ch]' -type f -exec grep -nHE '^[[:space:]]*#[[:space:]]*include' {} + |
		sed -E 's/^([^:]*:[0-9]+):[[:space:]]*#[[:space:]]*include[[:space:]]*([<"][^>"]*[>"]).*/\1 \2/' |
		awk -v folder="$1" -v ours="^\"($(echo "$2" | tr ' ' '|'))/[^\"]*\\\\.h\"\$" -v theirs="^<($3)\\\\.h>\$" '
			$2 ~ /^"/ && $2 !~ ours {
				print $1 ": " folder "/ must not include " $2 ": the arrows are agent -> exporters, config -> parsers, and paths start at the repository root. Move the code to the folder that may, or hand the value in as an argument."
				bad = 1
			}
			$2 ~ /^</ && $2 !~ theirs {
				print $1 ": " folder "/ must not include " $2 ": this header belongs to another layer. Keep a library behind the one folder that owns it (table in tests/lint/layers.sh)."
				bad = 1
			}
			END { exit bad }' || status=1
}

check parsers 'parsers' "$pure|pcre2"
check exporters 'exporters parsers' "$libc|curl/.*|snappy-c|zlib"
check config 'config parsers' "$libc|yaml"
check agent 'agent exporters config parsers' "$libc|microhttpd|gnutls/.*|crypt|seccomp|systemd/sd-bus|systemd/sd-journal|zlib|bzlib|iconv"
exit $status
