#!/usr/bin/env bash
# Preset best, the generator with the lowest NLL on held-out data, next to the MLE rows of the tables.
# See common.sh for SEEDS, PRESET (best here) and OUT.
PRESET=${PRESET:-best}
. "$(dirname "$0")/common.sh"

best() {
    run "$1" "$2" "$3" --preset "$PRESET" --seed "$seed" --algorithm mle --tune-temperature \
        --out "$OUT/$4-mle-$PRESET-seed$seed"
}

oracle=$(data published seed:1)
for seed in $SEEDS; do
    best train_text.py --corpus "$(data coco sample)" text-coco
    best train_poems.py --corpus "$(data poems sample)" poems
    best train_speeches.py --corpus "$(data speeches-paragraphs sample)" speeches-paragraphs
    best train_text.py --corpus "$(data news sample)" text-news
    best train_music.py --corpus "$(data nottingham sample)" music
    best train_oracle.py --oracle "$oracle" "oracle-${oracle/:/}"
done

finish best "$@"
