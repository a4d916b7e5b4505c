#!/bin/bash
# The tests on a real Kubernetes node: the chart installed by helm, pods of all kinds, everything read back from a real Loki and a real
# Prometheus. Needs root (namespaces, cgroups); the node lives in a machine of its own (machine.sh) which is gone afterwards.
#   run.sh [CHECK...]    SPOOR: the program, build/release/spoor otherwise. KEEP=1: the node stays up, for up.sh's way in. WORK: its folder.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
passed=0 failed=0 skipped=0
close() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
	exit
}
not_run() { # why a node cannot be had here
	if [ "${CI:-}" = true ]; then
		echo "not ok kubernetes/node: $*"
		failed=$((failed + 1))
	else
		echo "skip kubernetes/node: not run, $*"
		skipped=$((skipped + 1))
	fi
	close
}
count() {
	passed=$((passed + $(grep -c '^ok ' "$1"))) failed=$((failed + $(grep -c '^not ok ' "$1"))) skipped=$((skipped + $(grep -c '^skip ' "$1")))
}

tests/setup.sh tests kubernetes || not_run 'what it needs could not be installed'
export SPOOR=${SPOOR:-$PWD/build/release/spoor}
[ -x "$SPOOR" ] || { echo "run.sh: no program at $SPOOR: build the release first, or set SPOOR" >&2; exit 2; }
# shellcheck source=tests/kubernetes/programs.sh
. tests/kubernetes/programs.sh
kubernetes_programs || not_run 'the programs of Kubernetes could not be built (no network, no Go?)'
for server in loki:LOKI prometheus:PROMETHEUS3 helm:HELM hotrod:HOTROD; do
	path=$(tests/servers/get.sh "${server%:*}") || not_run "${server%:*} could not be built"
	export "${server#*:}=$path"
done

work=${WORK:-$(mktemp -d /var/tmp/spoor-kubernetes.XXXXXX)}
mkdir -p "$work"
export NODE_DIR=$work/node
finish() {
	[ -n "${KEEP:-}" ] || "$here/down.sh" "$NODE_DIR"
}
trap finish EXIT
trap 'exit 130' INT TERM

"$here/up.sh" "$NODE_DIR" || not_run "no node came up; what it left: $NODE_DIR"
export PYTHONDONTWRITEBYTECODE=1 WORK=$work/checks
"$here/machine.sh" enter "$NODE_DIR" python3 "$here/verify.py" "$@" | tee "$work/out"
code=${PIPESTATUS[0]}
count "$work/out"
if [ "$code" != 0 ] && [ "$failed" = 0 ]; then
	echo "not ok kubernetes: verify.py ended with $code"
	failed=1
fi
finish || failed=$((failed + 1))
if [ "$failed" = 0 ] && [ -z "${KEEP:-}" ]; then
	rm -rf "$work"
else
	echo "what it left: $work"
fi
close
