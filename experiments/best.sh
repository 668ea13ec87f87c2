#!/usr/bin/env bash
# Preset best, the generator with the lowest NLL on held-out data, next to the MLE rows of the tables.
# See common.sh for SEEDS, PRESET (best here) and OUT.
PRESET=${PRESET:-best}
. "$(dirname "$0")/common.sh"

oracle=$(data published seed:1)
for seed in $SEEDS; do
    begin train_text.py --corpus "$(data coco sample)" text-coco
    begin train_poems.py --corpus "$(data poems sample)" poems
    begin train_speeches.py --corpus "$(data speeches-paragraphs sample)" speeches-paragraphs
    begin train_text.py --corpus "$(data news sample)" text-news
    begin train_music.py --corpus "$(data nottingham sample)" music
    begin train_oracle.py --oracle "$oracle" "oracle-${oracle/:/}"
done

finish best "$@"
