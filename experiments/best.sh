#!/usr/bin/env bash
# Preset best, the generator with the lowest NLL on held-out data, next to the MLE rows of the tables:
# captions, quatrains and speeches. See common.sh for SEEDS, PRESET (best here) and OUT.
PRESET=${PRESET:-best}
. "$(dirname "$0")/common.sh"

captions=$(data coco sample)
quatrains=$(data poems sample)
speeches=$(data speeches-paragraphs sample)

for seed in $SEEDS; do
    run train_text.py --corpus "$captions" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --tune-temperature --out "$OUT/text-coco-mle-$PRESET-seed$seed"
    run train_poems.py --corpus "$quatrains" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --tune-temperature --out "$OUT/poems-mle-$PRESET-seed$seed"
    run train_speeches.py --corpus "$speeches" --preset "$PRESET" --seed "$seed" --algorithm mle \
        --tune-temperature --out "$OUT/speeches-paragraphs-mle-$PRESET-seed$seed"
done

finish best "$@"
