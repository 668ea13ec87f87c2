#!/usr/bin/env bash
# What each discriminator knows about unseen captions, against the strongest MLE generator as it is and at
# its best temperature; and that generator trained with the verdict (weighted likelihood), with its control.
# The table of docs/discriminator.md: python -m experiments.discriminator_map OUT/text-coco-map-*
# See common.sh for SEEDS, PRESET (best here) and OUT.
PRESET=${PRESET:-best}
. "$(dirname "$0")/common.sh"

corpus=$(data coco sample)

for seed in $SEEDS; do
    mle=$OUT/text-coco-mle-$PRESET-seed$seed
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --tune-temperature --out "$mle"
    for discriminator in paper small recurrent prefix; do
        run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
            --tune-temperature --start-at-temperature --rounds 0 --discriminator "$discriminator" \
            --pretrain-d-steps 40 --pretrain-d-epochs 1 --pretrain-d-samples 10000 --d-patience 4 \
            --pretrained "$mle" --out "$OUT/text-coco-map-tuned-$discriminator-$PRESET-seed$seed"
    done
    for discriminator in paper small recurrent prefix; do
        run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
            --tune-temperature --rounds 0 --discriminator "$discriminator" \
            --pretrain-d-steps 40 --pretrain-d-epochs 1 --pretrain-d-samples 10000 --d-patience 4 \
            --pretrained "$mle" --out "$OUT/text-coco-map-$discriminator-$PRESET-seed$seed"
    done
    # The control: labels at random.
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --tune-temperature --start-at-temperature --rounds 0 --discriminator small \
        --pretrain-d-steps 40 --pretrain-d-epochs 1 --pretrain-d-samples 10000 --d-patience 4 \
        --d-labels permuted \
        --pretrained "$mle" --out "$OUT/text-coco-map-tuned-permuted-$PRESET-seed$seed"
    # Weighted likelihood: 128,000 sequences of the target network a round.
    for reward in density-ratio permuted-density-ratio; do
        run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
            --tune-temperature --start-at-temperature --rounds 4 --discriminator small \
            --pretrain-d-steps 40 --pretrain-d-epochs 1 --pretrain-d-samples 10000 --d-patience 4 \
            --reward "$reward" --action-values sequence --policy-samples target \
            --g-steps 2000 --g-learning-rate 5e-4 --g-learning-rate-final 5e-5 --d-samples 10000 \
            --pretrained "$mle" --out "$OUT/text-coco-weighted-$reward-$PRESET-seed$seed"
    done
done

finish map "$@"
