#!/usr/bin/env bash
# What each discriminator knows about unseen data of every corpus and of synthetic data, against an MLE generator
# as it is and at its best temperature. PRESET=best is the strongest generator, PRESET=quick the paper's.
# On captions also the control with labels at random, and the generator trained with the verdict
# (weighted likelihood). The table of docs/discriminator.md, to whose figures new runs are added:
# python -m experiments.discriminator_map OUT/*-map-* --json results/discriminator-map.json
# See common.sh for SEEDS, PRESET (best here) and OUT.
PRESET=${PRESET:-best}
. "$(dirname "$0")/common.sh"

# A discriminator trained against a generator that stays as it is: judge LABEL FLAGS
judge() {
    local label=$1
    shift
    run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --tune-temperature --rounds 0 "$@" \
        --pretrain-d-steps 40 --pretrain-d-epochs 1 --pretrain-d-samples 10000 --d-patience 4 \
        --pretrained "$mle" --out "$OUT/$name-map-$label-$PRESET-seed$seed"
}

map() {
    local label=mle
    [ "$PRESET" = best ] || label=mle-tuned    # as MLE in the tables, with its best temperature
    begin "$@" "$label"
    for discriminator in paper small recurrent prefix; do
        judge "tuned-$discriminator" --start-at-temperature --discriminator "$discriminator"
        judge "$discriminator" --discriminator "$discriminator"
    done
}

for seed in $SEEDS; do
    map train_text.py --corpus "$(data coco sample)" text-coco
    judge tuned-permuted --start-at-temperature --discriminator small --d-labels permuted
    # Weighted likelihood: 128,000 sequences of the target network a round.
    for reward in density-ratio permuted-density-ratio; do
        run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
            --tune-temperature --start-at-temperature --rounds 4 --discriminator small \
            --pretrain-d-steps 40 --pretrain-d-epochs 1 --pretrain-d-samples 10000 --d-patience 4 \
            --reward "$reward" --action-values sequence --policy-samples target \
            --g-steps 2000 --g-learning-rate 5e-4 --g-learning-rate-final 5e-5 --d-samples 10000 \
            --pretrained "$mle" --out "$OUT/$name-weighted-$reward-$PRESET-seed$seed"
    done

    map train_text.py --corpus "$(data coco-iid sample)" text-coco-iid
    map train_poems.py --corpus "$(data poems sample)" poems
    map train_speeches.py --corpus "$(data speeches-paragraphs sample)" speeches-paragraphs
    map train_text.py --corpus "$(data news sample)" text-news
    map train_music.py --corpus "$(data nottingham sample)" music
    oracle=$(data published seed:1)
    map train_oracle.py --oracle "$oracle" "oracle-${oracle/:/}"
done

# How many sequences there are to learn from.
for size in 5000 100000; do
    seed=$FIRST_SEED name=oracle-${oracle/:/}-$size
    mle=$OUT/$name-mle-$PRESET-seed$seed
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --train-size "$size" --tune-temperature --out "$mle"
    judge tuned-small --start-at-temperature --discriminator small --train-size "$size"
done

finish map "$@"
