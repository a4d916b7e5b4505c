#!/bin/sh
# The released program carries what the compiler and the linker can do against memory errors. Run on a release build by
# tests/run.sh; a sanitizer build has other properties.   usage: hardening.sh SOURCE_DIR BINARY_DIR
set -eu
binary=$2/spoor
status=0
[ -f "$binary" ] || { echo "$binary is missing: cmake --workflow --preset release"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
readelf -hW "$binary" >"$work/header"
readelf -lW "$binary" >"$work/segments"
readelf -dW "$binary" >"$work/dynamic"
readelf -W --dyn-syms "$binary" >"$work/symbols"

# want FILE PATTERN "MESSAGE": the pattern must be there. refuse: it must not.
want() { grep -qE "$2" "$work/$1" || { echo "$binary: $3"; status=1; }; }
refuse() { if grep -qE "$2" "$work/$1"; then echo "$binary: $3"; status=1; fi; }

want header 'Type:.*DYN' 'not position independent: build with -fPIE -pie (release preset)'
want dynamic 'FLAGS_1.*PIE' 'not marked as a position independent executable: link with -pie'
want segments 'GNU_RELRO' 'no RELRO: link with -z relro'
want dynamic 'BIND_NOW|FLAGS_1.*NOW' 'lazy binding leaves the jump table writable: link with -z now'
want segments 'GNU_STACK.* RW ' 'executable stack, or no word about it: link with -z noexecstack'
refuse segments 'LOAD.* RWE ' 'a segment is writable and executable: find the object that asks for it'
refuse dynamic 'TEXTREL' 'text relocations: an object is not built with -fPIC'
refuse dynamic 'RPATH|RUNPATH' 'searches for libraries in a built-in path: link without rpath'
want symbols '__stack_chk_fail' 'no stack canaries: build with -fstack-protector-strong'
want symbols '__[a-z]+_chk(@|$)' 'no fortified calls: build with -O2 -D_FORTIFY_SOURCE=2'
exit $status
