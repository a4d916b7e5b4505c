#!/bin/bash
# alone: measures how long quiet pods wait
exec env PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
