#!/bin/bash
# Makes the images of the tests as archives: images.sh OUT_DIR   (SPOOR: the program; HOTROD: the demo, where there is one)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: images.sh OUT_DIR}
mkdir -p "$out"
for name in pause lines; do
	cc -std=gnu11 -O2 -Wall -Wextra -Werror -static -s -o "$out/$name" "$here/$name.c"
done
image() { python3 "$here/image.py" "$@"; }
busybox=$(command -v busybox)
image "$out/pause.tar" localhost/pause:1 /pause "/pause=$out/pause"
image "$out/box.tar" localhost/box:1 /bin/busybox "/bin/busybox=$busybox" "/bin/sh=$busybox" "/bin/lines=$out/lines"
"$here/../../deploy/image/build.sh" --program "$SPOOR" --output "$out/spoor" >/dev/null
mv "$out"/spoor/*[0-9].tar "$out/spoor.tar"
[ -z "${HOTROD:-}" ] || image "$out/hotrod.tar" localhost/hotrod:1 /hotrod "/hotrod=$HOTROD"
