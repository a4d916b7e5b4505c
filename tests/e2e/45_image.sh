#!/bin/bash
# alone: buildah's and runc's folders are the machine's
exec env PYTHONDONTWRITEBYTECODE=1 python3 "${0%.sh}.py" "$@"
