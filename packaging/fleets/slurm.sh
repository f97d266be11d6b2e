#!/bin/bash
# A fleet as a job array: sbatch --array=1-8 slurm.sh parts.csv out [OPTIONS of train]
# The array may begin at any number: shards are counted from the first.
#SBATCH --job-name=oddspot
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=12:00:00
#SBATCH --requeue
# A minute before the time is up this script hears of it (B): a checkpoint is written, and the job put into the queue again.
# It goes on from there, as it does after a node has failed (--requeue).
#SBATCH --signal=B:USR1@60
set -euo pipefail
manifest=${1:?sbatch slurm.sh PARTS.csv FOLDER}
out=${2:?sbatch slurm.sh PARTS.csv FOLDER}
shard=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))/$SLURM_ARRAY_TASK_COUNT
shift 2
"${ODDSPOT:-oddspot}" train --manifest "$manifest" -o "$out" --shard "$shard" --threads "$SLURM_CPUS_PER_TASK" "$@" &
program=$!
signal=
trap 'signal=USR1; kill -TERM "$program"' USR1
trap 'signal=TERM; kill -TERM "$program"' TERM
status=0
wait "$program" || status=$?
if [ -n "$signal" ]; then
    # That wait was broken off by the signal; this one lasts until the checkpoint is written.
    status=0
    wait "$program" || status=$?
fi
interrupted=130
if [ "$signal" = USR1 ] && [ "$status" -eq "$interrupted" ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
