#!/bin/bash
# The tests on a real Kubernetes node: the chart installed by helm, pods of all kinds, everything read back from a real Loki and a real
# Prometheus. Needs root (namespaces, cgroups); the node lives in a machine of its own (machine.sh) which is gone afterwards.
#   run.sh [CHECK...]    SPOOR: the program; the release is built otherwise. KEEP=1: the node stays up, for up.sh's way in. WORK: its folder.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
passed=0 failed=0 skipped=0
close() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
	exit
}
count() { # count OUTPUT CODE NAME
	passed=$((passed + $(grep -c '^ok ' "$1"))) skipped=$((skipped + $(grep -c '^skip ' "$1")))
	wrong=$(grep -c '^not ok ' "$1")
	failed=$((failed + wrong))
	if [ "$2" != 0 ] && [ "$wrong" = 0 ]; then
		echo "not ok $3: ended with $2"
		failed=$((failed + 1))
	fi
}
# Why a node cannot be had here. What goes as far as a real API server runs: the agent's link to it, and every object of the chart.
not_run() {
	if [ "${CI:-}" = true ]; then
		echo "not ok kubernetes/node: $*"
		failed=$((failed + 1))
	else
		echo "skip kubernetes/node: no pod has run, $*"
		skipped=$((skipped + 1))
	fi
	KUBE_APISERVER=$(tests/servers/get.sh kubernetes) HELM=$(tests/servers/get.sh helm)
	export KUBE_APISERVER HELM
	for name in 32_kubernetes_client 42_chart; do
		mkdir -p "$work/$name"
		TOOLS=${TOOLS:-$PWD/build/e2e} WORK=$work/$name "tests/e2e/$name.sh" | tee "$work/out"
		count "$work/out" "${PIPESTATUS[0]}" "$name"
	done
	[ "$failed" != 0 ] || [ -e "$work/node" ] || rm -rf "$work"
	close
}

work=${WORK:-$(mktemp -d /var/tmp/spoor-kubernetes.XXXXXX)}
mkdir -p "$work"

if [ -z "${SPOOR:-}" ]; then
	tests/setup.sh build || exit 2
	cmake --workflow --preset release >"$work/build.log" 2>&1 || { tail -n 20 "$work/build.log" >&2; exit 2; }
	SPOOR=$PWD/build/release/spoor
fi
export SPOOR
[ -x "$SPOOR" ] || { echo "run.sh: SPOOR names $SPOOR, and there is no program" >&2; exit 2; }
tests/setup.sh tests || exit 2
[ "$(id -u)" = 0 ] || not_run 'only root may make a node'
tests/setup.sh kubernetes image || not_run 'what it needs could not be installed'
# shellcheck source=tests/kubernetes/programs.sh
. tests/kubernetes/programs.sh
kubernetes_programs || not_run 'the programs of Kubernetes could not be built (no network, no Go?)'
for server in loki:LOKI prometheus:PROMETHEUS3 helm:HELM hotrod:HOTROD; do
	path=$(tests/servers/get.sh "${server%:*}") || not_run "${server%:*} could not be built"
	export "${server#*:}=$path"
done

export NODE_DIR=$work/node
finish() {
	[ -n "${KEEP:-}" ] || "$here/down.sh" "$NODE_DIR"
}
trap finish EXIT
trap 'exit 130' INT TERM

"$here/up.sh" "$NODE_DIR" || not_run "no node came up; what it left: $NODE_DIR"
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$PWD/tests/e2e WORK=$work/checks
# In the background, so that a signal is heard at once.
{
	"$here/machine.sh" enter "$NODE_DIR" python3 "$here/verify.py" "$@"
	echo $? >"$work/code"
} | tee "$work/out" &
wait $!
count "$work/out" "$(cat "$work/code")" kubernetes
finish || failed=$((failed + 1))
if [ "$failed" = 0 ] && [ -z "${KEEP:-}" ]; then
	rm -rf "$work"
else
	echo "what it left: $work"
fi
close
