#!/bin/bash
# alone: lowers inotify limits of the whole machine
exec env PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
