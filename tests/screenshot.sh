#!/bin/sh
# Takes a picture of the status page of a running agent with headless Chromium.
#   tests/screenshot.sh URL OUT.png [light|dark]
# Fails when there is no picture, or when the page did not come to show the agent's own version (a script error leaves it at "…").
set -eu
url=${1:?usage: screenshot.sh URL OUT.png [light|dark]}
out=${2:?usage: screenshot.sh URL OUT.png [light|dark]}
scheme=${3:-light}
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
	echo "screenshot.sh: no chromium on this machine" >&2
	exit 1
}
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
[ "$scheme" = dark ] && dark=--blink-settings=preferredColorScheme=0 || dark=--blink-settings=preferredColorScheme=1
run() {
	timeout 90 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --user-data-dir="$profile" --window-size=1400,1600 \
		--virtual-time-budget=6000 "$dark" "$@" 2>"$profile/stderr" || { cat "$profile/stderr" >&2; exit 1; }
}
rm -f "$out"
run --screenshot="$out" "$url"
run --dump-dom "$url" >"$profile/dom"
[ -s "$out" ] || { echo "screenshot.sh: no picture was written" >&2; exit 1; }
base=${url%%[#?]*}
version=$(curl -fsS "${base%/}/api/v1/status/buildinfo" | sed 's/.*"version":"\([^"]*\)".*/\1/')
grep -qF "<b id=\"version\">$version</b>" "$profile/dom" || { echo "screenshot.sh: the page does not show version $version" >&2; exit 1; }
if grep -q '<strong>The agent does not answer' "$profile/dom"; then
	echo "screenshot.sh: the page says that the agent does not answer" >&2
	exit 1
fi
