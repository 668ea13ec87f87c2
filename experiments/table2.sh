#!/usr/bin/env bash
# Table 2 of Yu et al. (2017): Chinese quatrains. See common.sh for SEEDS, PRESET and OUT.
. "$(dirname "$0")/common.sh"

corpus=$(data poems sample)

# Random tokens; the same run measures the other controls and real data.
run train_poems.py --corpus "$corpus" --preset "$PRESET" --seed "$FIRST_SEED" --algorithm random \
    --out "$OUT/poems-random-$PRESET-seed$FIRST_SEED"
for seed in $SEEDS; do
    mle=$OUT/poems-mle-$PRESET-seed$seed
    run train_poems.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --out "$mle"
    run train_poems.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --pretrained "$mle" --out "$OUT/poems-seqgan-$PRESET-seed$seed"
    run train_poems.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --reward constant --pretrained "$mle" --out "$OUT/poems-seqgan-constant-$PRESET-seed$seed"
done

finish table2 "$@"
