#!/usr/bin/env bash
# A generator that learns from a discriminator of prefixes by guided updates, and the control whose
# discriminator had its labels permuted: captions split at random, quatrains and speeches; once with one
# discriminator, and on captions with a new one in each of four rounds. The first run of a seed is the start. The table of docs/discriminator.md: python -m experiments.guided OUT/*-guided-*
# See common.sh for SEEDS, PRESET (best here) and OUT.
PRESET=${PRESET:-best}
. "$(dirname "$0")/common.sh"

guided() {
    local script=$1 corpus=$2 name=$3
    local mle=$OUT/$name-mle-$PRESET-seed$seed
    run "$script" --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --tune-temperature --out "$mle"
    for labels in true permuted; do
        run "$script" --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
            --tune-temperature --start-at-temperature --discriminator small-prefix \
            --pretrain-d-steps 40 --pretrain-d-epochs 1 --pretrain-d-samples 10000 --d-patience 4 \
            --d-labels "$labels" --policy-update guided --rounds 8 --g-steps 100 \
            --g-learning-rate 3e-3 --g-learning-rate-final 3e-5 --d-steps 0 --rollout-update-rate 0 \
            --pretrained "$mle" --out "$OUT/$name-guided-$labels-$PRESET-seed$seed"
    done
}

# As preset guided.
restarts() {
    local script=$1 corpus=$2 name=$3
    for labels in true permuted; do
        run "$script" --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
            --tune-temperature --start-at-temperature --discriminator small-prefix \
            --pretrain-d-steps 40 --pretrain-d-epochs 1 --pretrain-d-samples 10000 --d-patience 4 \
            --d-labels "$labels" --d-update restart --policy-update guided --rounds 4 --g-steps 800 \
            --g-learning-rate 3e-3 --g-learning-rate-final 3e-5 \
            --pretrained "$OUT/$name-mle-$PRESET-seed$seed" \
            --out "$OUT/$name-guided-restart-$labels-$PRESET-seed$seed"
    done
}

for seed in $SEEDS; do
    guided train_text.py "$(data coco-iid sample)" text-coco-iid
    restarts train_text.py "$(data coco-iid sample)" text-coco-iid
    guided train_poems.py "$(data poems sample)" poems
    guided train_speeches.py "$(data speeches-paragraphs sample)" speeches-paragraphs
done

finish guided "$@"
