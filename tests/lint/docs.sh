#!/bin/sh
# docs/CONFIGURATION.md is printed from the option table and committed; it must be what the table says now.
# usage: docs.sh SOURCE_DIR BINARY_DIR
set -eu
committed=$1/docs/CONFIGURATION.md
program=$(find "$2" -name print_reference -type f -perm -u+x | head -n 1)
[ -n "$program" ] || { echo "print_reference is not built in $2: build the target 'print_reference' first"; exit 1; }
[ -f "$committed" ] || { echo "docs/CONFIGURATION.md is missing: run '$program > docs/CONFIGURATION.md'"; exit 1; }

now=$(mktemp)
trap 'rm -f "$now"' EXIT
"$program" >"$now"
[ -s "$now" ] || { echo "print_reference printed nothing: the option table cannot be empty"; exit 1; }
if ! diff -u "$committed" "$now" | head -n 40; then :; fi
cmp -s "$committed" "$now" || { echo "docs/CONFIGURATION.md is stale: run '$program > docs/CONFIGURATION.md' and commit it"; exit 1; }
