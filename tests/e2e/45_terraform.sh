#!/bin/bash
# alone: the cache of providers is the machine's
# Built when it is not in the cache yet: a quarter of an hour on a busy machine.
[ -n "${TOFU:-}" ] || TOFU=$("$(dirname "$0")/../servers/get.sh" opentofu)
exec env TOFU="$TOFU" PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
