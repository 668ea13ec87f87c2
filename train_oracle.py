#!/usr/bin/env python
"""Synthetic data: SeqGAN against a known oracle (Table 1 and the learning curves of Yu et al., 2017).

python train_oracle.py                       # the quick preset: minutes on two cores
python train_oracle.py --oracle published    # the authors' oracle
python train_oracle.py --resume --out runs/oracle-seqgan-quick-seed1
python train_oracle.py --help                # every flag
"""

import files.script_start  # noqa: F401  # first, since it checks Python and its packages

# isort: split
from training.presets import ORACLE_PRESETS
from training.script import run_script
from training.task_settings import OracleSettings


def make_task(settings: OracleSettings):
    """Sequences of the oracle to train on and to hold out, and the measures of Table 1."""
    from metrics.diversity import copied_share, self_bleu
    from metrics.nll import per_token, sequence_nll
    from training.journal import Measurement
    from training.seeds import counted_seed
    from training.task import Task
    from training.task_corpora import load_oracle

    oracle, inputs = load_oracle(settings)
    length = settings.max_length
    train = oracle.sample(settings.train_size, counted_seed(settings.seed, "train data")).numpy()
    test = oracle.sample(settings.test_size, counted_seed(settings.seed, "test data")).numpy()
    seed_of_validation = counted_seed(settings.seed, "validation data")
    validation = oracle.sample(settings.validation_size, seed_of_validation).numpy()

    measured = ("nll_oracle", "nll_test", *(f"self_bleu_{n}" for n in range(2, 6)), "copied_share")

    def measure(generator, num_samples, seed):
        samples = generator.sample(num_samples, seed).numpy()
        oracle_nll = sequence_nll(oracle.log_prob, samples)
        test_nll = sequence_nll(generator.log_prob, test[:num_samples])
        bleu = self_bleu(samples[: settings.self_bleu_samples])
        nll = (per_token(oracle_nll, length), per_token(test_nll, length))
        figures = (*nll, *bleu[1:5], copied_share(samples, train))
        by_name = dict(zip(measured, map(float, figures), strict=True))
        return Measurement(by_name, {"nll_oracle": oracle_nll, "nll_test": test_nll})

    def write_samples(folder, samples):
        lines = [" ".join(map(str, sequence)) for sequence in samples]
        (folder / "samples.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def real():
        """The oracle itself as the policy: fresh sequences of the true distribution."""
        seed = counted_seed(settings.seed, "real data")
        return measure(oracle, settings.final_samples, seed).figures

    vocabulary = {"task": "oracle", "level": "id", "size": oracle.vocab_size}
    return Task(
        *(train, vocabulary, measure, measured, write_samples, real, validation, test),
        inputs=inputs,
    )


if __name__ == "__main__":
    run_script("oracle", ORACLE_PRESETS, make_task)
