#!/usr/bin/env bash
# Ways to sample from the strongest MLE generator with a critic: captions, split at random. The critic is a
# discriminator of prefixes, or a value network of the small discriminator's verdict; neither trains the generator.
# The table of docs/discriminator.md: python -m experiments.sampling OUT/text-coco-iid-sampling-*
# See common.sh for SEEDS, PRESET (best here) and OUT.
PRESET=${PRESET:-best}
. "$(dirname "$0")/common.sh"

corpus=$(data coco-iid sample)

for seed in $SEEDS; do
    mle=$OUT/text-coco-iid-mle-$PRESET-seed$seed
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --tune-temperature --out "$mle"
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --tune-temperature --start-at-temperature --rounds 0 --discriminator small-prefix \
        --pretrain-d-steps 40 --pretrain-d-epochs 1 --pretrain-d-samples 10000 --d-patience 4 \
        --pretrained "$mle" --out "$OUT/text-coco-iid-sampling-prefix-$PRESET-seed$seed"
    run train_text.py --corpus "$corpus" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
        --tune-temperature --start-at-temperature --rounds 0 --discriminator small \
        --pretrain-d-steps 40 --pretrain-d-epochs 1 --pretrain-d-samples 10000 --d-patience 4 \
        --action-values value --value-samples 2560 --value-pretrain-steps 50 \
        --pretrained "$mle" --out "$OUT/text-coco-iid-sampling-value-$PRESET-seed$seed"
done

finish sampling "$@"
