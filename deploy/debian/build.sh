#!/bin/sh
# Builds the .deb of this machine's architecture and prints its path, below build/release.
set -eu
cd "$(dirname "$0")/../.."
tests/setup.sh build package >&2
cmake --preset release -DCMAKE_INSTALL_PREFIX=/usr >&2
cmake --build --preset release >&2
(cd build/release && rm -f ./*.deb && cpack -G DEB) >&2
ls "$PWD"/build/release/*.deb
cmake --preset release >&2 # back to /usr/local for who installs without a package
