#!/usr/bin/env bash
# Other settings: panels a to d of the paper's learning curves (Figure 5), roll-outs, pre-training, precision.
# See common.sh for SEEDS, PRESET and OUT. Rows are of the first seed, but for bfloat16.
. "$(dirname "$0")/common.sh"

oracle=$(data published seed:1)
name=$OUT/oracle-${oracle/:/}

# What the changes are measured from: rows of table1.sh.
for seed in $SEEDS; do
    mle=$name-mle-$PRESET-seed$seed
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --out "$mle"
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --pretrained "$mle" --out "$name-seqgan-$PRESET-seed$seed"
    run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --mixed-precision bfloat16 --pretrained "$mle" --out "$name-seqgan-bfloat16-$PRESET-seed$seed"
done

seed=$FIRST_SEED
mle=$name-mle-$PRESET-seed$seed
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm ss \
    --out "$name-ss-$PRESET-seed$seed"
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm pg-bleu \
    --pretrained "$mle" --out "$name-pg-bleu-$PRESET-seed$seed"

# The panels: one roll-out, so that the many steps of (a) and (b) take minutes, and a constant learning
# rate. They share a start that is measured in every epoch, as they are in every round.
panels=$name-panels-start-$PRESET-seed$seed
start train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm mle \
    --eval-every 1 --temperatures 1.0 --out "$panels"
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --g-steps 100 --d-steps 1 --d-epochs 10 --rounds 3 \
    --num-rollouts 1 --g-learning-rate 0.01 --g-learning-rate-final None \
    --eval-every 1 --temperatures 1.0 --pretrained "$panels" --out "$name-panel-a-$PRESET-seed$seed"
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --g-steps 30 --d-steps 1 --d-epochs 30 --rounds 5 \
    --num-rollouts 1 --g-learning-rate 0.01 --g-learning-rate-final None \
    --eval-every 1 --temperatures 1.0 --pretrained "$panels" --out "$name-panel-b-$PRESET-seed$seed"
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --g-steps 1 --d-steps 1 --d-epochs 10 --rounds 15 \
    --num-rollouts 1 --g-learning-rate 0.01 --g-learning-rate-final None \
    --eval-every 1 --temperatures 1.0 --pretrained "$panels" --out "$name-panel-c-$PRESET-seed$seed"
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --g-steps 1 --d-steps 5 --d-epochs 3 --rounds 12 \
    --num-rollouts 1 --g-learning-rate 0.01 --g-learning-rate-final None \
    --eval-every 1 --temperatures 1.0 --pretrained "$panels" --out "$name-panel-d-$PRESET-seed$seed"

# Insufficient pre-training; roll-outs; a target network that lags behind the generator.
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --mle-epochs 20 --mle-learning-rate 0.001 --out "$name-seqgan-20-epochs-$PRESET-seed$seed"
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --num-rollouts 1 --pretrained "$mle" --out "$name-seqgan-rollouts1-$PRESET-seed$seed"
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --num-rollouts 4 --pretrained "$mle" --out "$name-seqgan-rollouts4-$PRESET-seed$seed"
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --rollout-update-rate 0.2 --pretrained "$mle" --out "$name-seqgan-lag-$PRESET-seed$seed"

# SS whose rate ends at 0.4, as the paper's does; PG-BLEU with the BLEU of NLTK 3.2.
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm ss \
    --ss-decay 0.017 --out "$name-ss-fast-decay-$PRESET-seed$seed"
run train_oracle.py --oracle "$oracle" --preset "$PRESET" --seed "$seed" --algorithm pg-bleu \
    --bleu-reward-variant legacy --num-rollouts 1 --pretrained "$mle" \
    --out "$name-pg-bleu-legacy-$PRESET-seed$seed"

# Another oracle, with weights drawn from N(0, 1). With PRESET=smoke it is the one above.
start train_oracle.py --oracle seed:1 --preset "$PRESET" --seed "$seed" --algorithm mle \
    --out "$OUT/oracle-seed1-mle-$PRESET-seed$seed"
run train_oracle.py --oracle seed:1 --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --pretrained "$OUT/oracle-seed1-mle-$PRESET-seed$seed" \
    --out "$OUT/oracle-seed1-seqgan-$PRESET-seed$seed"
run train_oracle.py --oracle seed:1 --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --reward constant --pretrained "$OUT/oracle-seed1-mle-$PRESET-seed$seed" \
    --out "$OUT/oracle-seed1-seqgan-constant-$PRESET-seed$seed"

# Quatrains: a baseline by position, small constant steps and more rounds.
poems=$(data poems sample)
run train_poems.py --corpus "$poems" --preset "$PRESET" --seed "$seed" --algorithm mle \
    --out "$OUT/poems-mle-$PRESET-seed$seed"
run train_poems.py --corpus "$poems" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --pretrained "$OUT/poems-mle-$PRESET-seed$seed" --out "$OUT/poems-seqgan-$PRESET-seed$seed"
run train_poems.py --corpus "$poems" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --reward-baseline position --g-learning-rate 0.004 --g-learning-rate-final None --rounds 50 \
    --pretrained "$OUT/poems-mle-$PRESET-seed$seed" \
    --out "$OUT/poems-seqgan-position-baseline-$PRESET-seed$seed"

# Tunes: more rounds, fewer roll-outs.
tunes=$(data nottingham sample)
run train_music.py --corpus "$tunes" --preset "$PRESET" --seed "$seed" --algorithm mle \
    --out "$OUT/music-mle-$PRESET-seed$seed"
run train_music.py --corpus "$tunes" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --pretrained "$OUT/music-mle-$PRESET-seed$seed" --out "$OUT/music-seqgan-$PRESET-seed$seed"
run train_music.py --corpus "$tunes" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
    --rounds 40 --num-rollouts 4 --d-samples 240 --g-learning-rate 0.006 \
    --pretrained "$OUT/music-mle-$PRESET-seed$seed" --out "$OUT/music-seqgan-40rounds-$PRESET-seed$seed"

finish ablations "$@"
