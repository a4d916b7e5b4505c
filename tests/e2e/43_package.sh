#!/bin/bash
# alone: builds in build/release, where the program is
exec env PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
