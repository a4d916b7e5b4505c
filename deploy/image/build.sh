#!/bin/sh
# Builds the image without Docker and without a base image, and prints the paths of two archives, build/image/spoor-VERSION.tar and
# build/image/spoor-VERSION-debug.tar (`docker load`, `ctr -n k8s.io images import`, `podman load`), each with an .oci.tar beside it for registries
# (`skopeo copy oci-archive:… docker://…`).
#
# In the image: the program, the shared libraries that it loads, the certificate authorities and time zones of this machine's packages, libc's tables of encodings, and the
# few files of /etc that libc asks for. No shell, no package manager, nothing that is set-uid. The debug variant has busybox besides.
#
# The same commit on the same packages gives the same digests: every time stamp is the commit's (or SOURCE_DATE_EPOCH).
# usage: build.sh [--program FILE] [--output FOLDER]     as root, or within `buildah unshare`
#   --program  a spoor that is built already; else the release preset is built
set -eu
root=$(realpath "$(dirname "$0")/../..")

program= output=$root/build/image
while [ $# -gt 0 ]; do
	case $1 in
	--program) program=$(realpath "${2:?"$0: --program needs a file"}"); shift 2 ;;
	--output) output=$(realpath -m "${2:?"$0: --output needs a folder"}"); shift 2 ;;
	*) echo "usage: $0 [--program FILE] [--output FOLDER]" >&2; exit 2 ;;
	esac
done
cd "$root"
tests/setup.sh image >&2
if [ -z "$program" ]; then
	tests/setup.sh build >&2
	cmake --workflow --preset release >&2
	program=build/release/spoor
fi
version=$("$program" --version | awk 'NR == 1 { print $2 }')
[ -n "$version" ] || { echo "$0: $program --version does not say which it is" >&2; exit 1; }
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$output"

# A store of its own, away from the images of this machine. No signatures are asked for: nothing is downloaded.
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/policy.json"
image() { # image VERB ...: buildah on that store
	verb=$1
	shift
	buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs "$verb" "$@"
}

library() { /sbin/ldconfig -p | awk -v name="$1" '$1 == name { print $NF; exit }'; }
libraries() { # of the program, and of what it loads while it runs: libsystemd for the journal, libgcc_s when a thread ends
	systemd=$(library libsystemd.so.0)
	{ ldd "$program" "$systemd" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }'; echo "$systemd"; library libgcc_s.so.1; } | sort -u
}

encodings() { # libc's tables for the key encoding (parsers/charset.c), where it looks for them
	folder=$(dirname "$(realpath "$(libraries | grep '/libc\.so\.6$' | head -n 1)")")/gconv
	mkdir -p "$1$folder"
	(cd "$folder" && cp -R gconv-modules* ISO8859-*.so ISO-2022-JP.so CP125*.so CP932.so IBM437.so IBM85*.so IBM86[0-6].so IBM874.so KOI8-[RU].so \
		MACINTOSH.so GBK.so GB18030.so BIG5HKSCS.so EUC-JP-MS.so UHC.so UTF-16.so libGB.so libJIS.so libKSC.so "$1$folder/")
}

root_folder() { # what both variants have
	root=$1
	mkdir -p "$root/usr/local/bin" "$root/etc/ssl/certs" "$root/etc/spoor" "$root/usr/share" "$root/var/lib/spoor"
	cp "$program" "$root/usr/local/bin/spoor"
	strip --strip-debug "$root/usr/local/bin/spoor"
	# All libraries lie where the loader looks without a cache: beside libc.
	folder=$(dirname "$(libraries | grep '/libc\.so\.6$' | head -n 1)")
	mkdir -p "$root$folder"
	libraries | xargs -I FILE cp -L FILE "$root$folder/"
	encodings "$root"
	loader=$(ldd "$program" | awk '$1 ~ /^\// { print $1 }')
	mkdir -p "$root$(dirname "$loader")"
	[ -e "$root$loader" ] || cp -L "$loader" "$root$loader"
	# The package's authorities, not those that somebody added to this machine.
	find /usr/share/ca-certificates/mozilla -name '*.crt' | LC_ALL=C sort | while read -r file; do
		cat "$file"
		echo
	done >"$root/etc/ssl/certs/ca-certificates.crt"
	cp -a /usr/share/zoneinfo "$root/usr/share/"
	(cd "$root/usr/share/zoneinfo" && rm -rf posix right localtime posixrules leap* ./*.tab tzdata.zi)
	printf 'root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n' >"$root/etc/passwd"
	printf 'root:x:0:\nnobody:x:65534:\n' >"$root/etc/group"
	echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
}

debug_folder() { # busybox under all of its names
	mkdir -p "$1/bin" "$1/tmp"
	cp -L "$(command -v busybox)" "$1/bin/busybox"
	"$1/bin/busybox" --list | while read -r name; do
		[ "$name" = busybox ] || ln -s busybox "$1/bin/$name"
	done
}

build() { # build VARIANT ROOT: '' or -debug
	variant=$1 root=$2
	find "$root" -type f -exec chmod u=rwX,go=rX {} +
	find "$root" -type d -exec chmod 755 {} +
	[ ! -d "$root/tmp" ] || chmod 1777 "$root/tmp"
	find "$root" -exec touch -h -d "@$epoch" {} +
	container=$(image from scratch)
	image copy --quiet --chown 0:0 "$container" "$root" / >/dev/null
	# Uid 0 on purpose: container logs belong to root, mode 0640. It needs no capability: run it with all of them dropped, a read-only root
	# file system and no new privileges, as the chart does.
	image config --entrypoint '["/usr/local/bin/spoor"]' --user 0:0 --port 9195 --workingdir / --env PATH=/usr/local/bin:/bin \
		--label org.opencontainers.image.title=spoor --label "org.opencontainers.image.description=Node agent for logs and metrics" \
		--label "org.opencontainers.image.version=$version$variant" --label "org.opencontainers.image.revision=$revision" \
		--label "org.opencontainers.image.created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" \
		--label org.opencontainers.image.licenses=Apache-2.0 "$container"
	image commit --quiet --signature-policy "$work/policy.json" --timestamp "$epoch" --identity-label=false --omit-history "$container" "docker.io/library/spoor:$version$variant" >/dev/null
	image rm "$container" >/dev/null
	for kind in docker-archive oci-archive; do
		file=$output/spoor-$version$variant.tar
		[ $kind = docker-archive ] || file=$output/spoor-$version$variant.oci.tar
		rm -f "$file"
		image push --quiet --signature-policy "$work/policy.json" "docker.io/library/spoor:$version$variant" "$kind:$file:docker.io/library/spoor:$version$variant"
	done
	echo "$output/spoor-$version$variant.tar"
}

root_folder "$work/small"
cp -a "$work/small" "$work/debug"
debug_folder "$work/debug"
build '' "$work/small"
build -debug "$work/debug"
