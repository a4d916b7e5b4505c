#!/bin/sh
# Installs what is missing to build and test Spoor on Debian 12, and nothing else. Each package has a probe: what is there already,
# from wherever it came, is left alone.   usage: setup.sh build|demo|tests|kubernetes|fuzz|go|cgo|page|package|image ...
set -eu

missing=
need() { # need PACKAGE PROBE: the probe is a command that succeeds where the package is not needed
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}
header() { echo "#include <$1>" | cc -E -; }
modern_cmake() { [ "$(printf '3.25\n%s\n' "$(cmake --version | awk 'NR == 1 { print $3 }')" | sort -V | head -n 1)" = 3.25 ]; }
certificates() { [ -s /etc/ssl/certs/ca-certificates.crt ]; }

group_build() { # the program itself
	need gcc cc --version
	need libc6-dev header stdlib.h
	need cmake modern_cmake
	need ninja-build ninja --version
	need pkg-config pkg-config --version
	need libyaml-dev pkg-config --exists yaml-0.1
	need libsnappy-dev header snappy-c.h
	# The GnuTLS and the OpenSSL flavour exclude each other and both do: the one that is there stays.
	need libcurl4-gnutls-dev pkg-config --exists libcurl
	need libmicrohttpd-dev pkg-config --exists libmicrohttpd
	need libgnutls28-dev pkg-config --exists gnutls
	need zlib1g-dev pkg-config --exists zlib
	need libbz2-dev header bzlib.h
	need libpcre2-dev pkg-config --exists libpcre2-8
	need libseccomp-dev pkg-config --exists libseccomp
	need libcrypt-dev header crypt.h
	need libsystemd-dev pkg-config --exists libsystemd
}
group_demo() { # deploy/try.sh: the demo workload and what follows the records
	need python3 python3 -c 'import json, urllib.request'
	need ca-certificates certificates
}
group_tests() { # unit, model, corpus replay, lint, end to end
	need check pkg-config --exists check
	need tzdata test -e /usr/share/zoneinfo/Europe/Berlin # zones of the stage timestamp
	need libprotobuf-c-dev pkg-config --exists libprotobuf-c
	need protobuf-c-compiler protoc-c --version
	need binutils readelf --version
	need prometheus promtool --version # promtool judges our exposition; the server receives our writes
	need victoria-metrics victoria-metrics --version
	need etcd-server etcd --version # below the real API server
	need systemd-journal-remote test -x /lib/systemd/systemd-journal-remote # real journal files
	need dbus-daemon dbus-daemon --version # the systemd collector and node_exporter ask over a bus of their own
	need python3 python3 -c 'import json, urllib.request'
	need python3-yaml python3 -c 'import yaml' # reads what helm renders
	need curl curl --version
	need openssl openssl version # certificates of the TLS tests
	need ca-certificates certificates
	need python3-jsonschema python3 -c 'import jsonschema; jsonschema.Draft202012Validator'
	need python3-yaml python3 -c 'import yaml'
	need mandoc sh -c 'command -v mandoc' # judges the manual page
	need zsh zsh --version # load the completions
	need fish fish --version
	need procps ps --version
	need bzip2 bzip2 --help # rotates logs
	need util-linux flock --version
	need runc runc --version # starts the image
}
group_kubernetes() { # a real node: tests/kubernetes
	need containerd containerd --version
	need runc runc --version
	need containernetworking-plugins test -x /usr/lib/cni/bridge
	need busybox-static busybox true
	need nftables nft --version # kube-proxy's rules
	need iproute2 ip -V
	need etcd-server etcd --version
}
group_fuzz() { # libFuzzer, for the fuzz preset
	need clang clang --version
	need g++ c++ --version
	need libclang-rt-14-dev sh -c 'test -e "$(clang --print-file-name=libclang_rt.fuzzer-x86_64.a)" || test -e "$(clang --print-file-name=libclang_rt.fuzzer-aarch64.a)"'
}
group_go() { # where no Go that is new enough is installed: a virtual environment gets one from PyPI
	need python3-venv python3 -c 'import ensurepip, venv'
	need ca-certificates certificates
}
group_cgo() { # real servers that are not Go alone: tests/servers, "// cgo: on"
	need gcc cc --version
	need libc6-dev header stdlib.h
	need pkg-config pkg-config --version
	need libsystemd-dev pkg-config --exists libsystemd
}
group_package() { # the .deb
	need dpkg-dev dpkg-shlibdeps --version
	need file file --version
	need fakeroot fakeroot --version
}
group_image() { # the container image
	need buildah buildah --version
	need busybox-static sh -c '! ldd "$(command -v busybox)"' # the shell of the debug variant
	need binutils strip --version
	need ca-certificates test -d /usr/share/ca-certificates/mozilla
	need tzdata test -e /usr/share/zoneinfo/Europe/Berlin
	need libsystemd0 sh -c '/sbin/ldconfig -p | grep -q libsystemd.so.0'
}
group_page() { # the screenshot of the status page
	need chromium chromium --version
}

[ $# -gt 0 ] || { echo "usage: $0 build|demo|tests|kubernetes|fuzz|go|cgo|page|package|image ..." >&2; exit 2; }
for group; do
	case $group in
	build|demo|tests|kubernetes|fuzz|go|cgo|page|package|image) "group_$group" ;;
	*) echo "$0: no group '$group': build, demo, tests, kubernetes, fuzz, go, cgo, page, package or image" >&2; exit 2 ;;
	esac
done
missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
missing=${missing% }
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "$0: missing: $missing (names of Debian 12 packages). There is no apt-get here: install their counterparts and run this again." >&2
	exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "$0: missing: $missing. Not root, and no sudo: run 'apt-get install $missing' as root, then this again." >&2
		exit 1
	fi
	as_root=sudo
fi
echo "installing: $missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # a list of packages
if ! { $as_root apt-get -qq -o DPkg::Lock::Timeout=300 update &&
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "$0: apt-get could not install: $missing (its last words are above)" >&2
	exit 1
fi
