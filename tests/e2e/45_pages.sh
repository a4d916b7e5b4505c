#!/bin/bash
# alone: a browser takes what processor there is, and waits for nobody
exec env PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
