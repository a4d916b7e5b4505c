#!/bin/bash
# run.sh [speed|steady|idle|all] [options of bench.py] - builds the tools and measures the release program.
# run.sh promtail [options of bench.py] - the real Promtail and the release program by turns, on one file and one backlog.
# run.sh node|remote_write [options of metrics.py] - the metrics side against node_exporter and the Prometheus agent.
# Prints, and appends JSON lines to $TMPDIR/spoor-bench.jsonl (--out). Two cores, nothing else running, SPOOR names the program.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
tools=${TOOLS:-${TMPDIR:-/tmp}/spoor-bench-tools}
what=${1:-all}
[ $# = 0 ] || shift
case $what in
node | remote_write)
	SPOOR=${SPOOR:-$root/build/release/spoor} NODE_EXPORTER=$("$root/tests/servers/get.sh" node_exporter) PROMETHEUS3=$("$root/tests/servers/get.sh" prometheus) \
		PYTHONDONTWRITEBYTECODE=1 exec python3 "$root/tests/bench/metrics.py" "$what" "$@" ;;
esac
[ "$what" != promtail ] || export PROMTAIL="${PROMTAIL:-$("$root/tests/servers/get.sh" promtail)}"
mkdir -p "$tools"
build() {
	${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow -Wno-format-truncation -I "$root" -o "$tools/$1" "${@:2}"
}
cd "$root/tests/bench"
build gen gen.c
build sink sink.c verify.c -lsnappy
build floor floor.c -lsnappy
[ "$what" != all ] || what='speed steady idle'
for one in $what; do
	runs=
	case "$one $*" in speed\ * | *--runs*) ;; *) runs='--runs 1' ;; esac
	# shellcheck disable=SC2086
	PYTHONDONTWRITEBYTECODE=1 python3 bench.py "$one" --tools "$tools" $runs "$@"
done
