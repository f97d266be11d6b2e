#!/bin/bash
# A fleet as a job array: sbatch --array=1-8 slurm.sh parts.csv out
# The array may begin at any number: shards are counted from the first.
#SBATCH --job-name=oddspot
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=12:00:00
#SBATCH --requeue
# SIGTERM a minute before the time is up, to the program itself (B): a checkpoint is written, and the next try goes on from it.
#SBATCH --signal=B:TERM@60
set -euo pipefail
manifest=${1:?sbatch slurm.sh PARTS.csv FOLDER}
out=${2:?sbatch slurm.sh PARTS.csv FOLDER}
shard=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))/$SLURM_ARRAY_TASK_COUNT
# In the shell's place, so that signals reach it.
exec "${ODDSPOT:-oddspot}" train --manifest "$manifest" -o "$out" --shard "$shard" --threads "$SLURM_CPUS_PER_TASK"
