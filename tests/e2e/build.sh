#!/bin/bash
# build.sh DIR - builds the programs that the end-to-end tests need (the generator) into DIR.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$1
mkdir -p "$out"
if [ ! -x "$out/generate" ] || [ -n "$(find "$root/tests/e2e" -name '*.[ch]' -newer "$out/generate")" ]; then
	${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow -Wno-format-truncation -I "$root" -o "$out/generate.$$" "$root"/tests/e2e/*.c -lz
	mv "$out/generate.$$" "$out/generate"
fi
