#!/usr/bin/env bash
# Table 3 of Yu et al. (2017): political speeches, of two compilations. See common.sh for SEEDS, PRESET and OUT.
. "$(dirname "$0")/common.sh"

corpus=$(data speeches-excerpt sample)

# Random tokens; the same run measures the other controls and real data.
run train_speeches.py --corpus "$corpus" --preset "$PRESET" --seed "$FIRST_SEED" --algorithm random \
    --out "$OUT/speeches-random-$PRESET-seed$FIRST_SEED"
for seed in $SEEDS; do
    mle=$OUT/speeches-mle-$PRESET-seed$seed
    run train_speeches.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --out "$mle"
    run train_speeches.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --pretrained "$mle" --out "$OUT/speeches-seqgan-$PRESET-seed$seed"
    run train_speeches.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --reward constant --pretrained "$mle" --out "$OUT/speeches-seqgan-constant-$PRESET-seed$seed"
done

if [ "$PRESET" != smoke ]; then # which has one corpus for all
    corpus=speeches-paragraphs

    # Random tokens; the same run measures the other controls and real data.
    run train_speeches.py --corpus "$corpus" --preset "$PRESET" --seed "$FIRST_SEED" --algorithm random \
        --out "$OUT/speeches-paragraphs-random-$PRESET-seed$FIRST_SEED"
    for seed in $SEEDS; do
        mle=$OUT/speeches-paragraphs-mle-$PRESET-seed$seed
        run train_speeches.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm mle \
            --out "$mle"
        run train_speeches.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
            --pretrained "$mle" --out "$OUT/speeches-paragraphs-seqgan-$PRESET-seed$seed"
        run train_speeches.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
            --reward constant --pretrained "$mle" --out "$OUT/speeches-paragraphs-seqgan-constant-$PRESET-seed$seed"
    done
fi

finish table3 "$@"
