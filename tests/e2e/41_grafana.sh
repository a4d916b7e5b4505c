#!/bin/bash
# HotROD listens on every address: all of it runs in a network of its own, with nothing but a loopback.
if unshare --net true 2>/dev/null; then
	exec unshare --net env IN_NET=1 PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
fi
exec unshare --user --map-root-user --net env IN_NET=1 PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
