#!/bin/sh
# Words that must not be in the tree: calls without bounds, notes to self, and paths of somebody's machine.
# usage: words.sh SOURCE_DIR [BINARY_DIR]
set -eu
cd "$1"
status=0

# complain PATTERN "WHAT TO DO" FILES...: FILE:LINE: and the advice for each hit.
complain() {
	pattern=$1 advice=$2
	shift 2
	[ $# -gt 0 ] || return 0
	hits=$(grep -nHIE -e "$pattern" "$@" || true)
	[ -n "$hits" ] || return 0
	printf '%s\n' "$hits" | cut -c1-160 | sed "s|\$|   <- $advice|"
	status=1
}

# Fixtures and corpora are other people's lines, and the lint tests carry bad examples on purpose.
files=$(find . \( -path ./.git -o -path ./build -o -path ./tests/fixtures -o -path ./tests/fuzz/corpus -o -path ./tests/lint \
	-o -path ./.cache \) -prune -o -type f ! -name '*.png' ! -name 'go.sum' ! -name 'go.mod' ! -name LICENSE -print | grep -v '[[:space:]]' | sort)
code=$(printf '%s\n' "$files" | grep -E '\.[ch]$' || true)

# shellcheck disable=SC2086 # one word per file: names with blanks are left out above
{
	complain '(^|[^A-Za-z0-9_])(strcpy|strcat|stpcpy|sprintf|vsprintf|strtok|strtok_r|atoi|atol|atoll|atof|gets|alloca)[[:space:]]*\(' \
		'use buf_*, snprintf, str_cut or num_*' $code
	complain '(^|[^A-Za-z0-9_])(TO''DO|FIX''ME|X''XX)([^A-Za-z0-9_]|$)' \
		'finish it, or say in a comment what is left out and why' $files
	complain '(^|[^A-Za-z0-9_.~}$-])/(work|root|Users|home/[a-z][a-z0-9]*|tmp/b-[a-z]+)/' \
		'a path of one machine: use a path relative to the repository or a variable' $files
	complain '\.\./shared/' 'the project speaks of itself alone: bring what is needed into docs/' $files
}
exit $status
