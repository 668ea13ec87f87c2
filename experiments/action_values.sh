#!/usr/bin/env bash
# Ways to estimate action values, and attention: synthetic data, captions and news. One roll-out
# instead of 16, so that news takes minutes. See common.sh for SEEDS, PRESET and OUT.
. "$(dirname "$0")/common.sh"

rows() {
    local script=$1 source=$2 data=$3 name=$4
    local mle=$OUT/$name-mle-$PRESET-seed$seed
    local attention=$OUT/$name-mle-attention-$PRESET-seed$seed
    # What they are measured from: rows of table1.sh, captions.sh and news.sh.
    run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm mle --out "$mle"
    run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --pretrained "$mle" --out "$OUT/$name-seqgan-$PRESET-seed$seed"

    run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --num-rollouts 1 --pretrained "$mle" --out "$OUT/$name-seqgan-rollouts1-$PRESET-seed$seed"
    run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --num-rollouts 1 --action-values value \
        --pretrained "$mle" --out "$OUT/$name-seqgan-value-$PRESET-seed$seed"
    # A quarter of the sequences to learn from: too few on news.
    run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --num-rollouts 1 --action-values value --value-samples 640 \
        --pretrained "$mle" --out "$OUT/$name-seqgan-value640-$PRESET-seed$seed"
    run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --num-rollouts 1 --action-values mixed --value-samples 640 \
        --pretrained "$mle" --out "$OUT/$name-seqgan-mixed-$PRESET-seed$seed"
    run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --num-rollouts 1 --rollout-policy small \
        --pretrained "$mle" --out "$OUT/$name-seqgan-small-policy-$PRESET-seed$seed"

    run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --cell lstm-attention --out "$attention"
    run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --cell lstm-attention --num-rollouts 1 --pretrained "$attention" \
        --out "$OUT/$name-seqgan-attention-$PRESET-seed$seed"
}

oracle=$(data published seed:1)
for seed in $SEEDS; do
    rows train_oracle.py --oracle "$oracle" "oracle-${oracle/:/}"
    rows train_text.py --corpus "$(data coco sample)" text-coco
    rows train_text.py --corpus "$(data news sample)" text-news
done

finish action_values "$@"
