"""How well mixtures of language models predict unseen text: the controls of what a discriminator knows.

    python -m experiments.ensembles runs/best/text-coco-mle-best-seed* --json results/ensembles.json \\
        --write docs/discriminator.md

A discriminator that knows more than its generator has to be compared with a second generator, and
with n-grams of the same training data. Weights are chosen on the validation part.
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from experiments.tables import Folders, check_targets, publish
from files.errors import UsageError
from reports.cells import mean_sd, seed_range
from reports.markdown import Table
from training.errors import one_line_errors
from training.flags import read_flags
from training.stored_settings import load_settings
from training.task_settings import TextSettings

PARTS = ("validation", "test")
TABLE, MAKER = "language models", "experiments.ensembles"
WEIGHTS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)  # of the n-gram model
_ROWS = 512  # sequences at a time: bounds memory


@dataclasses.dataclass(frozen=True)
class EnsembleSettings:
    """Measures generators of the same text, mixtures of two of them, and mixtures with n-grams."""

    runs: Folders = ()
    """Folders of complete runs of train_text.py that differ in the seed alone."""
    order: int = 4
    """The longest n-gram."""
    json: Path | None = None
    """File for the figures."""
    write: Path | None = None
    """Markdown file with the marks of the table `language models`."""


def generator_log_probs(run: Path, tokens: np.ndarray) -> np.ndarray:
    """log G(y_t | Y_{1:t-1}) at the temperature of the export: int `[M, T]` -> float64 `[M, T]`, nats."""
    import tensorflow as tf

    from models.load import find_export, load_generator, read_vocabulary
    from models.state_names import STATE_NAMES

    export = find_export(run)
    model, temperature = load_generator(export), read_vocabulary(export).get("temperature", 1.0)
    _, inputs = model.signatures["step"].structured_input_signature
    shapes = [inputs[name].shape[1:] for name in STATE_NAMES if name in inputs]
    parts = []
    for start in range(0, len(tokens), _ROWS):
        rows = tokens[start : start + _ROWS]
        token = tf.zeros([len(rows)], tf.int32)  # the start token
        states = [tf.zeros([len(rows), *shape]) for shape in shapes]
        columns = []
        for t in range(rows.shape[1]):
            logits, *states = model.step(token, *states)
            token = tf.constant(rows[:, t], tf.int32)
            log_probs = tf.nn.log_softmax(logits / temperature)
            columns.append(tf.gather(log_probs, token, batch_dims=1).numpy())
        parts.append(np.stack(columns, axis=1))
    return np.concatenate(parts).astype(np.float64)


def mixed(first: np.ndarray, second: np.ndarray, weight: float) -> np.ndarray:
    """log of (1 - weight) P1 + weight P2, token by token."""
    return np.logaddexp(np.log1p(-weight) + first, np.log(weight) + second)


def measure(settings: EnsembleSettings) -> dict[str, Any]:
    """NLL in nats per token of each seed's models by part, and what they are."""
    from data.vocabulary import PAD, UNKNOWN
    from metrics.ngram import NgramModel
    from training.task_corpora import load_corpus

    configs = [load_settings(run / "config.json", TextSettings) for run in settings.runs]
    corpus = load_corpus(configs[0])

    def words(rows):
        return [row[row != PAD].tolist() for row in rows]

    ngrams = NgramModel(words(corpus.train), settings.order, corpus.vocabulary.size - 2)
    counted = {p: np.isin(getattr(corpus, p), (PAD, UNKNOWN), invert=True) for p in PARTS}

    def nll(log_probs, part):
        return float(-(log_probs * counted[part]).sum() / counted[part].sum())

    by_ngrams, by_run = {}, {}
    for part in PARTS:
        tokens = getattr(corpus, part)
        by_ngrams[part] = np.zeros(tokens.shape)
        for row, sequence in zip(by_ngrams[part], words(tokens), strict=True):
            row[: len(sequence)] = ngrams.token_log_probs(sequence)
        for run in settings.runs:
            by_run[run, part] = generator_log_probs(run, tokens)

    seeds = {}
    for index, (run, config) in enumerate(zip(settings.runs, configs, strict=True)):
        other = settings.runs[(index + 1) % len(settings.runs)]
        own = {part: by_run[run, part] for part in PARTS}
        losses = [
            nll(mixed(own["validation"], by_ngrams["validation"], w), "validation") for w in WEIGHTS
        ]
        weight = WEIGHTS[int(np.argmin(losses))]
        both = {part: mixed(own[part], by_run[other, part], 0.5) for part in PARTS}
        models = {
            "generator": own,
            "n-grams": by_ngrams,
            "two generators": both,
            "generator and n-grams": {p: mixed(own[p], by_ngrams[p], weight) for p in PARTS},
            "two generators and n-grams": {p: mixed(both[p], by_ngrams[p], weight) for p in PARTS},
        }
        figures = {
            name: {part: nll(of[part], part) for part in PARTS} for name, of in models.items()
        }
        seeds[str(config.seed)] = {"ngram_weight": weight, "nll": figures}
    return {"data": Path(configs[0].corpus).name, "order": settings.order, "seeds": seeds}


def ensemble_table(figures: dict[str, Any]) -> Table:
    """A row for each model, and how far it is below the generator of its seed."""
    seeds = figures["seeds"]
    names = next(iter(seeds.values()))["nll"]
    rows = []
    for name in names:
        line = [name]
        for part in PARTS:
            values = [seed["nll"][name][part] for seed in seeds.values()]
            gains = [
                seed["nll"]["generator"][part] - seed["nll"][name][part] for seed in seeds.values()
            ]
            line += [mean_sd(values, 4), "–" if name == "generator" else mean_sd(gains, 4)]
        rows.append(line)
    weights = ", ".join(f"{seed['ngram_weight']:g}" for seed in seeds.values())
    notes = [
        f"NLL in nats per token on {figures['data']}, each generator at its best temperature; seeds "
        f"{seed_range(map(int, seeds))}, ± is the standard deviation over them. Two generators: a seed and the "
        "next one, one half each.",
        f"n-grams: up to {figures['order']} words of the training part, Witten-Bell interpolation "
        f"(`metrics/ngram.py`); their weight in the mixtures, by validation NLL: {weights}.",
    ]
    columns = ["model"]
    columns += [text for part in PARTS for text in (f"NLL-{part}", "gain over the generator")]
    return Table(columns, rows, notes)


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(EnsembleSettings, EnsembleSettings(), arguments, prog="ensembles")
    if len(settings.runs) < 2:
        raise UsageError(
            f"{len(settings.runs)} runs are given, expected two or more seeds. Name their folders."
        )
    check_targets(TABLE, settings.json, settings.write, MAKER)
    from training.session import quiet

    quiet()
    figures = measure(settings)
    given = ensemble_table(figures), figures, settings.json, settings.write
    publish(TABLE, *given, maker=MAKER)


if __name__ == "__main__":
    with one_line_errors():
        main()
