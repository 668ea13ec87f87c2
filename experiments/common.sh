# shellcheck shell=bash
# What the scripts of this folder share. Each lists the commands of one table: `run` for a row, `start`
# for a training that others take their pre-training from. What is complete is skipped, what was
# stopped is resumed, and at the end the table is written. Ctrl-C stops the trainings after the
# step under way; the same command continues. `--list` prints the commands and trains nothing.
#
# For Linux, macOS and WSL. From the environment:
#   SEEDS    seeds of each row                                                  1 2 3
#   PRESET   quick, paper, ..., or smoke: seconds a run, without a download     quick
#   OUT      folder of the runs and of the table, from the repository's         runs/experiments
#   JOBS     trainings at a time     2 where there are two cores and 6 GB of memory, else 1
#   PYTHON   the Python to use                               .venv/bin/python, else python3
#
# Of several trainings at a time each uses one thread (TF_NUM_INTRAOP_THREADS=1).
# Output: OUT/NAME.md, OUT/NAME.json, OUT/NAME-figures/, OUT/logs/ and a folder a run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SEEDS=${SEEDS:-1 2 3}
PRESET=${PRESET:-quick}
OUT=${OUT:-runs/experiments}
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python3
    if [ -x .venv/bin/python ]; then PYTHON=.venv/bin/python; fi
fi

if ! [[ $SEEDS =~ ^[[:space:]]*[0-9]+([[:space:]]+[0-9]+)*[[:space:]]*$ ]]; then
    echo "error: SEEDS is '$SEEDS', expected whole numbers, separated by spaces. Give them, as SEEDS='1 2 3'." >&2
    exit 2
fi
# shellcheck disable=SC2034 # the other scripts use it, for rows of one seed
read -r FIRST_SEED _ <<<"$SEEDS"
commands=()

# A training that is a row of the table: run train_X.py FLAGS --out FOLDER
run() { commands+=(::run "$@"); }

# A training that others start from by --pretrained, and no row: start train_X.py FLAGS --out FOLDER
start() { commands+=(::start "$@"); }

# The row that others start from, a generator and its best temperature: begin SCRIPT SOURCE DATA NAME [LABEL]
# For the seed of the loop around it. Sets $script, $source, $data, $name and $mle, its folder, for the rows after it.
# shellcheck disable=SC2154 # seed
begin() {
    script=$1 source=$2 data=$3 name=$4
    mle=$OUT/$name-${5:-mle}-$PRESET-seed$seed
    run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --tune-temperature --out "$mle"
}

# The published data, or with PRESET=smoke the second argument: data speeches-excerpt sample
data() { if [ "$PRESET" = smoke ]; then echo "$2"; else echo "$1"; fi; }

# Trains and writes the table NAME: finish NAME "$@"
finish() {
    local name=$1
    shift
    exec "$PYTHON" -m experiments.runner "$name" "$OUT" "$@" "${commands[@]}"
}
