#!/usr/bin/env bash
# Table 1 of Yu et al. (2017): synthetic data of the published oracle. See common.sh for SEEDS, PRESET and OUT.
. "$(dirname "$0")/common.sh"

oracle=$(data published seed:1)
name=$OUT/oracle-${oracle/:/}

for seed in $SEEDS; do
    mle=$name-mle-$PRESET-seed$seed
    # Random tokens; the same run measures uniform tokens, the bigrams, the copy and real data too.
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm random \
        --out "$name-random-$PRESET-seed$seed"
    # MLE. Its rows at temperatures 0.85 and 0.7 are measured by every run.
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --out "$mle"
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --mle-epochs 6 --out "$name-mle6-$PRESET-seed$seed"
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm ss \
        --out "$name-ss-$PRESET-seed$seed"
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm pg-bleu \
        --pretrained "$mle" --out "$name-pg-bleu-$PRESET-seed$seed"
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --pretrained "$mle" --out "$name-seqgan-$PRESET-seed$seed"
    # Controls without a discriminator.
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --reward constant --pretrained "$mle" --out "$name-seqgan-constant-$PRESET-seed$seed"
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --reward uniform --pretrained "$mle" --out "$name-seqgan-uniform-$PRESET-seed$seed"
done

# Baselines subtracted from the rewards: one seed.
mle=$name-mle-$PRESET-seed$FIRST_SEED
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$FIRST_SEED" --algorithm seqgan \
    --reward-baseline batch --pretrained "$mle" --out "$name-seqgan-batch-baseline-$PRESET-seed$FIRST_SEED"
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$FIRST_SEED" --algorithm seqgan \
    --reward-baseline position --pretrained "$mle" --out "$name-seqgan-position-baseline-$PRESET-seed$FIRST_SEED"

finish table1 "$@"
