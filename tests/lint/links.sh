#!/bin/sh
# Relative links in Markdown lead somewhere: the file exists, and so does the heading behind a '#'. So do paths of this repository
# that stand in code (`agent/loop.c`, commands in blocks); a path with a placeholder such as <module> is left alone.
# usage: links.sh SOURCE_DIR [BINARY_DIR]
set -eu
cd "$1"

# The anchors that a Markdown page offers, in the way that forges make them from headings.
anchors() {
	awk '/^(```|~~~)/ { fenced = !fenced } !fenced && /^#+ / { sub(/^#+ +/, ""); print }' "$1" |
		tr 'A-Z' 'a-z' | sed -E 's/\[([^]]*)\]\([^)]*\)/\1/g; s/[^a-z0-9 _-]//g; s/ /-/g'
}

bad=$(mktemp)
trap 'rm -f "$bad"' EXIT
find . \( -path ./.git -o -path ./build -o -path ./tests/fixtures -o -path ./tests/fuzz/corpus \) -prune -o -name '*.md' -type f -print | sort |
	while read -r page; do
		awk '/^(```|~~~)/ { fenced = !fenced; next } !fenced { gsub(/`[^`]*`/, ""); print FNR ":" $0 }' "$page" |
			grep -oE '^[0-9]+:|\]\([^) ]+' | awk '/^[0-9]+:$/ { line = $0; next } { print line substr($0, 3) }' |
			while IFS=: read -r line target; do
				case $target in http:*|https:*|mailto:*) continue ;; esac
				path=${target%%#*} fragment=
				case $target in *'#'*) fragment=${target#*#} ;; esac
				if [ -z "$path" ]; then file=$page; else file=$(dirname "$page")/$path; fi
				if [ ! -e "$file" ]; then
					echo "$page:$line: link to $target leads nowhere: correct the path (relative to the page)" >>"$bad"
				elif [ -n "$fragment" ] && [ -f "$file" ] && ! anchors "$file" | grep -qxF -- "$fragment"; then
					echo "$page:$line: $target: no such heading: correct the part behind '#'" >>"$bad"
				fi
			done
		# Words of code: inside backticks or fences, beginning with one of our folders.
		awk '/^(```|~~~)/ { fenced = !fenced; next }
			fenced { print FNR ":" $0; next }
			{ n = split($0, part, "`"); for (i = 2; i <= n; i += 2) print FNR ":" part[i] }' "$page" |
			awk -F: '{ line = $1; sub(/^[0-9]+:/, ""); n = split($0, word, /[][ \t"(){},;=|]+/)
				for (i = 1; i <= n; i++) if (word[i] ~ /^(agent|parsers|exporters|config|tests|deploy|docs)\/[A-Za-z0-9_.\/-]+$/) print line, word[i] }' |
			while read -r line path; do
				[ -e "${path%.}" ] || echo "$page:$line: $path does not exist: correct the path (from the top of the repository)" >>"$bad"
			done
	done
cat "$bad"
[ ! -s "$bad" ]
