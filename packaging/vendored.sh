#!/usr/bin/env bash
# Makes oddspot-VERSION-vendored.tar.gz in dist/, or in the folder that is given: the sources as committed, and those of
# all crates that the command and the inspection station stand on, so that they build where there is no network.
# packaging/vendored.sh [FOLDER]
set -euo pipefail
mkdir -p "${1:-dist}"
out=$(realpath "${1:-dist}")
cd "$(dirname "$0")/.."
root=$PWD

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
name=oddspot-$version-vendored
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/$name/.cargo"
cd "$work/$name"
git -C "$root" archive HEAD | tar -x

# Options, Python, tests and benchmarks would bring three times as many crates.
rm -r crates/oddspot-burn crates/oddspot-pretrain bindings
sed -i '/oddspot-burn\|oddspot-pretrain\|bindings/d' Cargo.toml
sed -i '/^oddspot-\(burn\|pretrain\) =/d; s/^\(fetch\|onnx\|pretrain\|wgpu\) = .*/\1 = []/' crates/oddspot-cli/Cargo.toml
sed -i '/^tract-onnx =/d; s/^verify = .*/verify = []/' crates/oddspot-onnx/Cargo.toml
for manifest in crates/*/Cargo.toml; do
    awk '/^\[/ { dropped = /dev-dependencies\]$/ || /^\[\[bench/ } !dropped' "$manifest" >manifest
    mv manifest "$manifest"
done
cargo vendor --quiet --versioned-dirs vendor
cat >.cargo/config.toml <<'END'
[source.crates-io]
replace-with = "vendored"

[source.vendored]
directory = "vendor"
END

# The versions are those that the tests ran with.
locked() { grep -A2 '^name = ' "$1" | grep -v '^--' | paste -d' ' - - - | sort; }
newer=$(comm -13 <(locked "$root/Cargo.lock") <(locked Cargo.lock))
if [ -n "$newer" ]; then
    printf 'not as in Cargo.lock:\n%s\n' "$newer" >&2
    exit 1
fi

# The same commit gives the same bytes.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git -C "$root" log -1 --format=%ct)" \
    -C "$work" -c "$name" | gzip -n >"$out/$name.tar.gz"
ls -l "$out/$name.tar.gz"
