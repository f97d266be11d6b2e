#!/usr/bin/env bash
# Builds the wheel for Linux into dist/, or into the folder that is given: packaging/wheel.sh [FOLDER]
# Needs Rust, Python 3.8 or newer with venv, and PyPI. Zig links, so that the program runs on glibc 2.17 and newer.
set -euo pipefail
out=$(realpath -m "${1:-dist}")
cd "$(dirname "$0")/.."
host=$(rustc -vV | sed -n 's/^host: //p')

tools=${CARGO_TARGET_DIR:-target}/wheel-tools
[ -x "$tools/bin/python" ] || python3 -m venv "$tools"
"$tools/bin/pip" install -q --disable-pip-version-check 'maturin==1.16.0' 'ziglang==0.17.1'
PATH=$(realpath "$tools/bin"):$PATH
maturin build --release --locked --zig --compatibility manylinux2014 --target "$host" --out "$out"
