#!/usr/bin/env bash
# COCO captions. See common.sh for SEEDS, PRESET and OUT.
. "$(dirname "$0")/common.sh"

corpus=$(data coco sample)

# Random tokens; the same run measures the other controls and real data.
run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$FIRST_SEED" --algorithm random \
    --out "$OUT/text-coco-random-$PRESET-seed$FIRST_SEED"
for seed in $SEEDS; do
    mle=$OUT/text-coco-mle-$PRESET-seed$seed
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --out "$mle"
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --pretrained "$mle" --out "$OUT/text-coco-seqgan-$PRESET-seed$seed"
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --reward constant --pretrained "$mle" --out "$OUT/text-coco-seqgan-constant-$PRESET-seed$seed"
done

finish captions "$@"
