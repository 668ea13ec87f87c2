#!/usr/bin/env bash
# What the discriminator knows (docs/discriminator.md): captions, the paper's discriminator and the small one,
# and the rewards of the small one's verdict with their controls. See common.sh for SEEDS, PRESET and OUT.
. "$(dirname "$0")/common.sh"

corpus=$(data coco sample)

for seed in $SEEDS; do
    mle=$OUT/text-coco-mle-$PRESET-seed$seed
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --out "$mle"
    # What the changes are measured from: the rows of captions.sh.
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --pretrained "$mle" --out "$OUT/text-coco-seqgan-$PRESET-seed$seed"
    # The discriminators.
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --discriminator paper --pretrain-d-steps 30 --pretrain-d-epochs 1 --d-patience 3 \
        --pretrained "$mle" --out "$OUT/text-coco-paper-$PRESET-seed$seed"
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --discriminator small --pretrain-d-steps 30 --pretrain-d-epochs 1 --d-patience 3 \
        --pretrained "$mle" --out "$OUT/text-coco-small-$PRESET-seed$seed"
    # Its rewards.
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --discriminator small --pretrain-d-steps 30 --pretrain-d-epochs 1 --d-patience 3 \
        --reward log-ratio --reward-baseline leave-one-out \
        --pretrained "$mle" --out "$OUT/text-coco-small-log-ratio-$PRESET-seed$seed"
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --discriminator small --pretrain-d-steps 30 --pretrain-d-epochs 1 --d-patience 3 \
        --reward density-ratio --reward-baseline batch \
        --pretrained "$mle" --out "$OUT/text-coco-small-density-ratio-$PRESET-seed$seed"
    # The controls: verdicts of other sequences, and no verdict.
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --discriminator small --pretrain-d-steps 30 --pretrain-d-epochs 1 --d-patience 3 \
        --reward permuted \
        --pretrained "$mle" --out "$OUT/text-coco-small-permuted-$PRESET-seed$seed"
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --reward constant --pretrained "$mle" --out "$OUT/text-coco-seqgan-constant-$PRESET-seed$seed"
done

finish discriminator "$@"
