#!/bin/bash
# The one command that tests everything: installs what is missing, builds with sanitizers, runs unit, model, corpus and lint tests,
# builds the release, checks its hardening, and runs every scenario of tests/e2e against real servers.
#
#   tests/run.sh            everything (the first time also builds Loki, Prometheus and others: a quarter of an hour)
#   tests/run.sh --quick    without the end to end scenarios
#
# A scenario is an executable tests/e2e/NAME.sh. It gets SPOOR (release program), SPOOR_DEV (the one with sanitizers), LOKI, PROMETHEUS3,
# NODE_EXPORTER, THANOS, CORTEX, KUBE_APISERVER, HELM, PROMTAIL, JAEGER, HOTROD (programs of real servers; empty when there is none), TOOLS (folder with the built test
# tools) and WORK (a fresh folder of its own), prints
# "ok NAME", "not ok NAME: why" and "skip NAME: why" lines, and exits 0 when nothing failed. With CI=true a missing server is a failure.
set -u
cd "$(dirname "$0")/.." || exit 1
quick=
case ${1:-} in
'') ;;
--quick) quick=yes ;;
*) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

passed=0 failed=0 skipped=0
work=$(mktemp -d)
running=
finish() {
	[ -z "$running" ] || kill "$running" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

close() {
	printf '\n%d minutes %d seconds\n' $((SECONDS / 60)) $((SECONDS % 60))
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
	exit
}
headline() { printf '\n== %s\n' "$*"; }
# A step that nothing can go on without.
must() {
	if ! "$@"; then
		echo "not ok ${*#quietly}: failed; what it said is above"
		failed=$((failed + 1))
		close
	fi
}
quietly() { "$@" >"$work/out" 2>&1 || { tail -n 60 "$work/out"; return 1; }; }

headline 'What is needed'
must tests/setup.sh build tests

headline 'Sanitizer build'
must quietly cmake --preset dev
must quietly cmake --build --preset dev

headline 'Unit, model, corpus and lint tests'
ctest --preset dev --timeout 600 | tee "$work/ctest"
total=$(sed -nE 's/.*tests failed out of ([0-9]+)$/\1/p' "$work/ctest")
bad=$(sed -nE 's/.* ([0-9]+) tests? failed out of [0-9]+$/\1/p' "$work/ctest")
out=$(grep -cE '\*\*\*(Skipped|Not Run)' "$work/ctest")
if [ -z "$total" ] || [ "$total" = 0 ]; then
	echo 'not ok ctest: it ran no tests'
	failed=$((failed + 1))
else
	# CTest counts a test that could not be started as failed; one that skipped itself as passed.
	skips=$(grep -c '\*\*\*Skipped' "$work/ctest")
	passed=$((passed + total - bad - skips))
	failed=$((failed + bad))
	skipped=$((skipped + skips))
	[ "$out" = "$skips" ] || echo "$((out - skips)) tests were not run"
fi

headline 'Release build and its hardening'
must quietly cmake --workflow --preset release
if tests/lint/hardening.sh . build/release; then
	echo 'ok hardening'
	passed=$((passed + 1))
else
	echo 'not ok hardening: the release build is weaker than it should be'
	failed=$((failed + 1))
fi

if [ -n "$quick" ]; then
	echo 'skip end to end: --quick was asked for'
	skipped=$((skipped + 1))
	close
fi

headline 'Real servers'
# server NAME VARIABLE: builds it when it is not in the cache, and exports the path of its program.
server() {
	path=$(tests/servers/get.sh "$1") || path=
	export "$2=$path"
	if [ -n "$path" ]; then
		echo "$path"
	elif [ "${CI:-}" = true ]; then
		echo "not ok $1: could not be built, so nothing is proven against a real one"
		failed=$((failed + 1))
	else
		echo "skip $1: could not be built (no network, no Go?): scenarios that need it are not run"
		skipped=$((skipped + 1))
	fi
}
server loki LOKI
server prometheus PROMETHEUS3
server node_exporter NODE_EXPORTER
server thanos THANOS
server cortex CORTEX
server kubernetes KUBE_APISERVER
server helm HELM
server jaeger JAEGER
server hotrod HOTROD
server promtail PROMTAIL
server otelcol OTELCOL
server opentofu TOFU
TOOLS=$PWD/build/e2e
must quietly tests/e2e/build.sh "$TOOLS"
export TOOLS SPOOR=$PWD/build/release/spoor SPOOR_DEV=$PWD/build/dev/spoor

for script in tests/e2e/*.sh; do
	name=$(basename "$script" .sh)
	[ -x "$script" ] && [ "$name" != build ] || continue
	headline "End to end: $name"
	rm -rf "build/e2e-work/$name"
	mkdir -p "build/e2e-work/$name"
	# In a process group of its own: a scenario that hangs is ended with what it started.
	WORK=$PWD/build/e2e-work/$name timeout -k 10 900 "$script" >"$work/$name.out" 2>"$work/$name.err" &
	running=$!
	wait "$running"
	code=$?
	running=
	grep -E '^(ok|not ok|skip) ' "$work/$name.out"
	good=$(grep -c '^ok ' "$work/$name.out")
	wrong=$(grep -c '^not ok ' "$work/$name.out")
	left=$(grep -c '^skip ' "$work/$name.out")
	if [ "$code" = 124 ] || [ "$code" = 137 ]; then
		echo "not ok $name: not done after 15 minutes"
		wrong=$((wrong + 1))
	elif [ "$wrong" = 0 ] && { [ "$code" != 0 ] || [ $((good + left)) = 0 ]; }; then
		echo "not ok $name: exit $code after $good passed and $left skipped"
		wrong=$((wrong + 1))
	fi
	if [ "$wrong" != 0 ]; then
		tail -n 40 "$work/$name.out" "$work/$name.err"
		echo "what it left: build/e2e-work/$name"
	else
		rm -rf "build/e2e-work/$name"
	fi
	passed=$((passed + good)) failed=$((failed + wrong)) skipped=$((skipped + left))
done
close
