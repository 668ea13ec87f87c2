#!/usr/bin/env bash
# Table 4 of Yu et al. (2017): folk tunes. See common.sh for SEEDS, PRESET and OUT.
. "$(dirname "$0")/common.sh"

corpus=$(data nottingham sample)

# Random tokens; the same run measures the other controls and real data.
run train_music.py --corpus "$corpus" --preset "$PRESET" --seed "$FIRST_SEED" --algorithm random \
    --out "$OUT/music-random-$PRESET-seed$FIRST_SEED"
for seed in $SEEDS; do
    mle=$OUT/music-mle-$PRESET-seed$seed
    run train_music.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --out "$mle"
    run train_music.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --pretrained "$mle" --out "$OUT/music-seqgan-$PRESET-seed$seed"
    run train_music.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --reward constant --pretrained "$mle" --out "$OUT/music-seqgan-constant-$PRESET-seed$seed"
done

finish table4 "$@"
