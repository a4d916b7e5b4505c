#!/bin/bash
# alone: five thousand series a second, each of which must end within two and a half
exec env PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
