#!/usr/bin/env bash
# A generator that learns from a discriminator of prefixes by guided updates, and the control whose
# discriminator had its labels permuted: captions split at random, quatrains, speeches, tunes and the paper's
# oracle; once with one discriminator, and with a new one in each of four rounds. On captions also the other
# ways to learn from the verdict, with the same discriminators and as many updates. The first run of a seed is
# the start. The table of docs/discriminator.md, to whose figures new runs are added:
# python -m experiments.guided OUT/*-guided-* --json results/guided.json
# See common.sh for SEEDS, PRESET (best here) and OUT.
PRESET=${PRESET:-best}
. "$(dirname "$0")/common.sh"

# A generator that learns from its discriminator, and the control: learn LABEL FLAGS
learn() {
    local label=$1 labels
    shift
    for labels in true permuted; do
        run "$script" "$source" "$data" --preset "$PRESET" --seed "$seed" --algorithm seqgan \
            --tune-temperature --start-at-temperature --discriminator small-prefix \
            --pretrain-d-steps 40 --pretrain-d-epochs 1 --pretrain-d-samples 10000 --d-patience 4 \
            --d-labels "$labels" "$@" \
            --pretrained "$mle" --out "$OUT/$name-$label-$labels-$PRESET-seed$seed"
    done
}

both() {
    begin "$@"
    learn guided --policy-update guided --rounds 8 --g-steps 100 \
        --g-learning-rate 3e-3 --g-learning-rate-final 3e-5 --d-steps 0 --rollout-update-rate 0
    # As preset guided.
    learn guided-restart --d-update restart --policy-update guided --rounds 4 --g-steps 800 \
        --g-learning-rate 3e-3 --g-learning-rate-final 3e-5
}

# The verdict on the whole sequence is the reward: reward LABEL FLAGS
reward() {
    learn "$1" --d-update restart --rounds 4 --g-steps 800 --action-values sequence "${@:2}"
}

oracle=$(data published seed:1)
for seed in $SEEDS; do
    both train_text.py --corpus "$(data coco-iid sample)" text-coco-iid
    reward guided-likelihood --reward density-ratio --policy-samples target \
        --g-learning-rate 5e-4 --g-learning-rate-final 5e-6
    reward guided-gradient --reward log-ratio --reward-baseline leave-one-out \
        --g-learning-rate 1e-4 --g-learning-rate-final 1e-6

    both train_poems.py --corpus "$(data poems sample)" poems
    both train_speeches.py --corpus "$(data speeches-paragraphs sample)" speeches-paragraphs
    both train_music.py --corpus "$(data nottingham sample)" music
    both train_oracle.py --oracle "$oracle" "oracle-${oracle/:/}"
done

finish guided "$@"
