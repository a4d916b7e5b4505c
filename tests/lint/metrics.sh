#!/bin/sh
# What the program counts is what docs/OPERATIONS.md explains: every metric, drop reason and loss reason of the code stands in it,
# and every metric that a page names exists.   usage: metrics.sh SOURCE_DIR [BINARY_DIR]
set -eu
cd "$1"
page=docs/OPERATIONS.md
status=0

metrics=$(grep -ohE '"spoor_[a-z0-9_]+"' agent/exposition/exposition*.c | tr -d '"' | sort -u)
reasons=$(sed -nE 's/.*\[(DROP|LOST|SAMPLE_DROP)_[A-Z0-9_]+\] *= *"([a-z0-9_]+)".*/\2/p' $(find exporters -name '*.c') agent/counters.c | sort -u)
[ -n "$metrics" ] && [ -n "$reasons" ] || { echo "no metrics or reasons found in agent/exposition/exposition.c, exporters/drops.c, agent/counters.c: adapt tests/lint/metrics.sh"; exit 1; }

for name in $metrics; do
	grep -qE "\`${name}(_total)?[\`{]" "$page" || { echo "$page: $name is not explained: add a row to the table of self metrics"; status=1; }
done
for name in $reasons; do
	grep -qF "\`$name\`" "$page" || { echo "$page: the reason $name is not explained: add a row"; status=1; }
done
for name in $(find README.md docs -name '*.md' ! -name CONFIGURATION.md -exec grep -ohE 'spoor_[a-z0-9_]+' {} + | sort -u); do
	printf '%s\n' "$metrics" | grep -qxF -e "$name" -e "${name%_total}" || { echo "docs: $name is no metric of agent/exposition/exposition.c: correct the page"; status=1; }
done
exit $status
