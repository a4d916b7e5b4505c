#!/bin/sh
# Every check in this folder can fail: a small good tree passes each of them, and one bad change at a time makes the right one fail
# with the right words.   usage: self_test.sh SOURCE_DIR [BINARY_DIR]
set -eu
lint=$1/tests/lint
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree out=$work/out
failures=0
cases=0

good_tree() {
	rm -rf "$tree"
	mkdir -p "$tree/agent/exposition" "$tree/parsers/bytes" "$tree/exporters" "$tree/config" "$tree/tests/lint" "$tree/docs" "$tree/out"
	cp "$lint/pure_allowed.txt" "$tree/tests/lint/"
	printf '#include "parsers/good.h"\n\n#include <string.h>\n\nint good(const char *s)\n{\n\treturn (int)strlen(s);\n}\n' >"$tree/parsers/good.c"
	printf 'int good(const char *s);\n' >"$tree/parsers/good.h"
	printf '#include "parsers/good.h"\n\n#include <curl/curl.h>\n' >"$tree/exporters/good.c"
	printf '#include "parsers/good.h"\n\n#include <yaml.h>\n' >"$tree/config/good.c"
	printf '#include "config/good.h"\n#include "exporters/good.h"\n\n#include <microhttpd.h>\n#include <sys/epoll.h>\n' >"$tree/agent/good.c"
	printf '# Good page\n\n## A heading, with words\n\nSee [there](#a-heading-with-words) and [options](CONFIGURATION.md).\n' >"$tree/docs/GOOD.md"
	printf '[DROP_X] = "too_odd",\n' >"$tree/exporters/drops.c"
	printf '[LOST_X] = "too_late",\n' >"$tree/agent/counters.c"
	printf '{ "spoor_good", 1 },\n' >"$tree/agent/exposition/exposition.c"
	printf '# Operations\n\n`spoor_good_total{reason}`: `too_odd`, `too_late`\n' >"$tree/docs/OPERATIONS.md"
	printf '# Good\n' >"$tree/README.md"
	printf 'options\n' >"$tree/docs/CONFIGURATION.md"
	printf '#!/bin/sh\necho options\n' >"$tree/out/print_reference"
	chmod +x "$tree/out/print_reference"
	archive "$tree/parsers/good.c"
	program -O2 -fPIE -pie -D_FORTIFY_SOURCE=2 -fstack-protector-strong -Wl,-z,relro,-z,now,-z,noexecstack
}

archive() {
	${CC:-cc} -std=c11 -D_GNU_SOURCE -fPIC -I"$tree" -c "$1" -o "$work/archive.o"
	rm -f "$tree/out/libparsers.a"
	ar rcs "$tree/out/libparsers.a" "$work/archive.o"
}

program() {
	printf '#include <stdio.h>\n#include <string.h>\nint main(int c, char **v)\n{\n\tchar b[8];\n\tstrncpy(b, v[c - 1], (size_t)c + 3);\n\tsnprintf(b, sizeof b, "%%s", v[0]);\n\treturn b[0] + puts(b);\n}\n' >"$work/program.c"
	${CC:-cc} -w "$work/program.c" -o "$tree/out/spoor" "$@" 2>"$work/compiler" || { cat "$work/compiler"; exit 1; }
}

say() {
	failures=$((failures + 1))
	echo "$1"
	sed 's/^/    /' "$out"
}

passes() {
	cases=$((cases + 1))
	"$lint/$1.sh" "$tree" "$tree/out" >"$out" 2>&1 || say "$1 complains about a good tree:"
}

# fails CHECK "SITUATION" "WORDS THAT MUST BE IN THE MESSAGE": also puts the good tree back.
fails() {
	cases=$((cases + 1))
	if "$lint/$1.sh" "$tree" "$tree/out" >"$out" 2>&1; then
		say "$1 passes although: $2"
	elif ! grep -qF -- "$3" "$out"; then
		say "$1 fails, but says nothing of '$3' when: $2"
	fi
	good_tree
}

good_tree
for check in layers pure sizes docs words links metrics hardening; do passes $check; done

echo '#include "agent/good.h"' >>"$tree/parsers/good.c"
fails layers 'parsers include agent' 'parsers/good.c:9'
echo '# include "config/good.h"' >>"$tree/exporters/good.c"
fails layers 'exporters include config' 'exporters/ must not include "config/good.h"'
echo '#include "exporters/good.h"' >>"$tree/config/good.c"
fails layers 'config includes exporters' 'config/ must not include'
echo '#include "good.h"' >>"$tree/agent/good.c"
fails layers 'a path that does not start at the root' 'start at the repository root'
echo '#include <curl/curl.h>' >>"$tree/agent/good.c"
fails layers 'libcurl outside of exporters' 'belongs to another layer'
echo '#include <unistd.h>' >>"$tree/parsers/good.h"
fails layers 'parsers include a header of the operating system' 'parsers/good.h:2'
echo '#include <newlib.h>' >>"$tree/config/good.c"
fails layers 'a library that nobody decided on' 'newlib'

printf '#include <stdio.h>\nvoid bad(void);\nvoid bad(void)\n{\n\tputs("x");\n}\n' >"$tree/parsers/bad.c"
archive "$tree/parsers/bad.c"
fails pure 'a parser prints' 'calls puts'
printf '#include <time.h>\nlong bad(void);\nlong bad(void)\n{\n\treturn (long)time(0);\n}\n' >"$tree/parsers/bad.c"
archive "$tree/parsers/bad.c"
fails pure 'a parser asks for the time' 'calls time'
printf 'int calls;\nint bad(void);\nint bad(void)\n{\n\treturn ++calls;\n}\n' >"$tree/parsers/bad.c"
archive "$tree/parsers/bad.c"
fails pure 'a parser keeps a global' 'calls is writable data'
printf 'int bad(void);\nint bad(void)\n{\n\tstatic int seen = 7;\n\treturn ++seen;\n}\n' >"$tree/parsers/bad.c"
archive "$tree/parsers/bad.c"
fails pure 'a parser keeps a static variable' 'is writable data'
rm "$tree/out/libparsers.a"
fails pure 'the library is not built' 'is missing'

{ printf 'int bad(void)\n{\n'; yes '	;' | head -n 98; printf '}\n'; } >"$tree/agent/edge.c"
passes sizes
{ printf 'int bad(void)\n{\n'; yes '	;' | head -n 99; printf '}\n'; } >"$tree/agent/bad.c"
fails sizes 'a function of 101 lines' 'agent/bad.c:2: 101 lines'
yes 'int x;' | head -n 601 >"$tree/config/bad.h"
fails sizes 'a file of 601 lines' 'config/bad.h: 601 lines'
printf 'int bad(void) {\n\treturn 0;\n}\n' >"$tree/agent/bad.c"
fails sizes 'a brace that hides a function from the check' 'line of its own'
printf 'int bad(void)\n{\n\treturn 0;\n\t}\n' >"$tree/agent/bad.c"
fails sizes 'a function without an end in the first column' 'no closing brace'

echo 'stale' >>"$tree/docs/CONFIGURATION.md"
fails docs 'the page is not what the table says' 'is stale'
rm "$tree/docs/CONFIGURATION.md"
fails docs 'the page is not there' 'is missing'
rm "$tree/out/print_reference"
fails docs 'the program is not built' 'not built'
printf '#!/bin/sh\n' >"$tree/out/print_reference"
: >"$tree/docs/CONFIGURATION.md"
fails docs 'an empty page equals an empty answer' 'printed nothing'

printf 'void f(void)\n{\n\tstrcpy (a, b);\n}\n' >"$tree/agent/bad.c"
fails words 'strcpy' 'agent/bad.c:3'
printf 'int n = x+atoi(s);\n' >"$tree/agent/bad.c"
fails words 'atoi' 'num_*'
printf '/* TO''DO: later */\n' >"$tree/config/bad.h"
fails words 'a note to self' 'finish it'
printf 'See /ho''me/somebody/notes.txt\n' >"$tree/docs/BAD.md"
fails words 'a path of one machine' 'docs/BAD.md:1'
printf 'See ../sha''red/notes\n' >"$tree/docs/BAD.md"
fails words 'a path out of the repository' 'speaks of itself'

printf '# Bad\n\n[x](MISSING.md)\n' >"$tree/docs/BAD.md"
fails links 'a link to a page that is not there' 'docs/BAD.md:3'
printf '# Bad\n\n[x](GOOD.md#no-such-heading)\n' >"$tree/docs/BAD.md"
fails links 'a link to a heading that is not there' 'no such heading'
printf '# Bad\n\nSee `agent/gone.c` and `agent/good.c`.\n' >"$tree/docs/BAD.md"
fails links 'code that names a file that is gone' 'docs/BAD.md:3: agent/gone.c does not exist'
printf '# Bad\n\n```sh\ntests/nothing.sh --quick\n```\n' >"$tree/docs/BAD.md"
fails links 'a command that is gone' 'docs/BAD.md:4: tests/nothing.sh'

printf '{ "spoor_new", 1 },\n' >>"$tree/agent/exposition/exposition.c"
fails metrics 'a metric that nobody explains' 'spoor_new is not explained'
printf '[DROP_Y] = "too_new",\n' >>"$tree/exporters/drops.c"
fails metrics 'a drop reason that nobody explains' 'too_new is not explained'
printf 'Look at spoor_gone_total.\n' >>"$tree/README.md"
fails metrics 'a page names a metric that is gone' 'spoor_gone_total is no metric'

hard='-O2 -fPIE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -Wl,-z,noexecstack'
# shellcheck disable=SC2086 # a list of flags
{
	program $hard -fno-pie -no-pie -Wl,-z,relro,-z,now
	fails hardening 'not position independent' 'position independent'
	program $hard -pie -Wl,-z,norelro,-z,now
	fails hardening 'no RELRO' 'RELRO'
	program $hard -pie -Wl,-z,relro,-z,lazy
	fails hardening 'lazy binding' 'lazy binding'
	program $hard -pie -Wl,-z,relro,-z,now,-z,execstack
	fails hardening 'executable stack' 'executable stack'
	program $hard -pie -Wl,-z,relro,-z,now -fno-stack-protector
	fails hardening 'no canaries' 'canaries'
	program $hard -pie -Wl,-z,relro,-z,now -U_FORTIFY_SOURCE
	fails hardening 'no fortified calls' 'fortified'
	program $hard -pie -Wl,-z,relro,-z,now,-rpath,/opt/lib
	fails hardening 'a built-in library path' 'rpath'
}

# A check that nobody tries to break proves nothing.
for script in "$lint"/*.sh; do
	name=$(basename "$script" .sh)
	[ "$name" = self_test ] || grep -q "^[[:space:]]*fails $name " "$lint/self_test.sh" || { echo "self_test.sh never makes $name fail"; failures=$((failures + 1)); }
done

echo "$cases cases, $failures failures"
[ "$failures" = 0 ]
