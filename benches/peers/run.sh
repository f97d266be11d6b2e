#!/usr/bin/env bash
# Times oddspot in turn with PyTorch, ONNX Runtime, OpenVINO and anomalib; see __main__.py.
#
#   benches/peers/run.sh [--venv PATH] [options of __main__.py; --help lists them]
#   benches/peers/run.sh --methods [--venv PATH] DATA… [options of methods/__main__.py]
#
# The second compares anomalib's methods, given oddspot's teacher, with oddspot's on data sets.
#
# Needs Rust, Python 3.11 or newer and, the first time, a network: the peers are installed into a
# virtual environment under target/. --venv PATH takes one that has them already.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

venv=
program=("$here")
options=()
while (($#)); do
    case $1 in
        --venv) venv=${2:?--venv needs a path}; shift 2 ;;
        --methods) program=(-m methods); shift ;;
        --venv=*) venv=${1#--venv=}; shift ;;
        *) options+=("$1"); shift ;;
    esac
done

if [[ -z $venv ]]; then
    venv=$root/target/peers-venv
    # Installed once for each list of requirements; a half-done installation is done again.
    if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
        python3 -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet -r "$here/requirements.txt"
        cp "$here/requirements.txt" "$venv/installed.txt"
    fi
elif [[ ! -x $venv/bin/python ]]; then
    echo "error: $venv is no virtual environment: it has no bin/python" >&2
    exit 1
fi

# One build, whose dependencies a plain `cargo build` shares.
cargo build --quiet --locked --release --manifest-path "$root/Cargo.toml" \
    --bin oddspot --example peer
# Python's compiled files stay out of the sources.
export PYTHONPYCACHEPREFIX=$root/target/peers-pycache
export PYTHONPATH=$here
exec "$venv/bin/python" "${program[@]}" "${options[@]}"
