#!/bin/bash
# The one command that tests everything: installs what is missing, builds with sanitizers, runs unit, model, corpus and lint tests,
# builds the release, checks its hardening, and runs every scenario of tests/e2e against real servers.
#
#   tests/run.sh            everything (the first time also builds Loki, Prometheus and others: some 25 minutes)
#   tests/run.sh --quick    without the end to end scenarios
#
# A scenario is an executable tests/e2e/NAME.sh; tests/e2e/run.py runs them, two at a time. It gets SPOOR (release program), SPOOR_DEV (the one
# with sanitizers), LOKI, PROMETHEUS3, NODE_EXPORTER, THANOS, CORTEX, KUBE_APISERVER, HELM, PROMTAIL, JAEGER, HOTROD, OTELCOL, TOFU (programs of
# real servers; empty when there is none) and TOOLS (folder with the built test tools), prints "ok NAME", "not ok NAME: why" and
# "skip NAME: why" lines, and exits 0 when nothing failed. With CI=true a missing server is a failure.
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
running= servers= release=
# Each thing that takes time runs in a session of its own: when this script is interrupted, it ends with all that it started.
grouped() {
	setsid "$@" </dev/null &
	running=$!
	wait "$running"
	set -- $?
	running=
	return "$1"
}
finish() {
	for group in $running $servers $release; do
		kill -TERM -- "-$group" 2>/dev/null
		wait "$group" 2>/dev/null
	done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

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
quietly() { grouped "$@" >"$work/out" 2>&1 || { tail -n 60 "$work/out"; return 1; }; }

headline 'What is needed'
must tests/setup.sh build tests

# What is not in the cache is built while other things wait: it takes what they leave of the machine. server() waits for it.
every_server='loki prometheus node_exporter thanos cortex kubernetes helm jaeger hotrod promtail otelcol opentofu'
if [ -z "$quick" ]; then
	# shellcheck disable=SC2016,SC2086 # expanded over there; several words
	setsid nice -n 19 sh -c 'for name; do tests/servers/get.sh "$name"; done' sh $every_server </dev/null >/dev/null &
	servers=$!
fi

if echo | ccache cc -E - >/dev/null 2>&1; then
	export CMAKE_C_COMPILER_LAUNCHER=ccache
fi

headline 'Sanitizer build'
must quietly cmake --preset dev
must quietly cmake --build --preset dev

# Tests wait now and then: the release is built in what they leave.
setsid nice -n 10 cmake --workflow --preset release >"$work/release" 2>&1 </dev/null &
release=$!

headline 'Unit, model, corpus and lint tests'
grouped ctest --preset dev --timeout 600 --output-log "$work/ctest"
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
the_release() { wait "$release" || { tail -n 60 "$work/release"; return 1; }; }
must the_release
release=
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
	grouped tests/servers/get.sh "$1" >"$work/path" || :
	path=$(cat "$work/path")
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

grouped tests/e2e/run.py --counts "$work/counts"
if read -r good wrong left 2>/dev/null <"$work/counts"; then
	passed=$((passed + good)) failed=$((failed + wrong)) skipped=$((skipped + left))
else
	echo 'not ok end to end: the runner did not come to its end'
	failed=$((failed + 1))
fi
close
