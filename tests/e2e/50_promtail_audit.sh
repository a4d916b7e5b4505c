#!/bin/bash
exec env PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
