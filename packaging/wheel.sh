#!/usr/bin/env bash
# Builds the wheel for Linux into dist/, or into the folder that is given: packaging/wheel.sh [FOLDER]
# It has the package `oddspot` for CPython 3.10 and newer, and the command with all that needs no other device. Needs Rust, Python 3.10 or
# newer with venv, and PyPI. Zig links, so that both run on glibc 2.17 and newer.
set -euo pipefail
out=$(realpath -m "${1:-dist}")
cd "$(dirname "$0")/.."
. packaging/old-glibc.sh
PATH=$tools/bin:$PATH
build() { maturin build --release --locked --strip --compatibility manylinux2014 --target "$host" "$@"; }

# The command as a wheel of its own, whose program is put into the package's.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build --bindings bin --features fetch,onnx,pretrain,serve --manifest-path crates/oddspot-cli/Cargo.toml --out "$work/command"
build --out "$work/package"
cd "$work"
for part in command package; do
    wheel unpack --dest "unpacked/$part" "$part"/*.whl
done
name=$(basename unpacked/package/*)
mkdir "unpacked/package/$name/$name.data"
mv "unpacked/command/$name/$name.data/scripts" "unpacked/package/$name/$name.data/scripts"
mkdir -p "$out"
wheel pack --dest-dir "$out" "unpacked/package/$name"
