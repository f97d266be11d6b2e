#!/usr/bin/env bash
# Measures teachers: trains the full method with each on each data set, for some seeds, and prints
# the tables of docs/results.md. What is finished is skipped when it is run again.
#
#   benches/teachers/run.sh OUTPUT TEACHERS DATA_SETS [SEEDS [TRAIN_OPTIONS...]]
#
# TEACHERS: names or weights files, DATA_SETS: folders in MVTec AD's layout, SEEDS: numbers; each
# list in one argument, separated by spaces. JOBS (2) trainings run at a time, each on one thread.
set -euo pipefail
output=$1 teachers=$2 sets=$3 seeds=${4:-0 1 2}
shift 3
[ $# -gt 0 ] && shift
here=$(cd "$(dirname "$0")" && pwd)
oddspot=${ODDSPOT:-$here/../../target/release/oddspot}
mkdir -p "$output"

measure() {
    local teacher=$1 set=$2 seed=$3
    shift 3
    local name
    name=$(basename "${teacher%.safetensors}")-$(basename "$set")-$seed
    [ -e "$output/$name.json" ] && return
    "$oddspot" train "$set" -o "$output/$name.oddspot" --teacher "$teacher" --seed "$seed" \
        --threads 1 --restart --replace "$@" >"$output/$name.log" 2>&1 &&
    "$oddspot" evaluate "$output/$name.oddspot" "$set" --threads 1 \
        --json "$output/$name.json" >"$output/$name.txt" 2>&1
}
export -f measure
export output oddspot

for seed in $seeds; do
    for teacher in $teachers; do
        for set in $sets; do
            printf '%s\0' "$teacher" "$set" "$seed" "$@"
        done
    done
done | xargs -0 -n $((3 + $#)) -P "${JOBS:-2}" bash -c 'measure "$@"' measure

python3 "$here/table.py" "$output"
