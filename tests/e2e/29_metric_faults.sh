#!/bin/bash
# alone: a mount that hangs, control groups, how long scrapes take
exec env PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
