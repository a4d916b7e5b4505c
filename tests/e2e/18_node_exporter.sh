#!/bin/bash
# alone: compares two looks at the whole host
exec env PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
