#!/bin/bash
# alone: measures how long scrapes take
exec env PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
