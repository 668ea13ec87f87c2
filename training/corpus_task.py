"""The measures that all tasks on real corpora share: BLEU, NLL-test, self-BLEU and copies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data.corpus_files import input_digests
from data.summary import summarize, too_few_known
from data.text import to_text
from data.vocabulary import END, PAD, UNKNOWN
from metrics.bleu import BleuScorer
from metrics.diversity import copied_share, self_bleu
from metrics.nll import sequence_nll
from metrics.sequences import before_end
from training.journal import Measurement
from training.task import Task
from training.task_settings import CorpusSettings

# Of a generator of text, whose sequences may end before T.
TEXT_OPTIONS = {"end_token": END, "pad_token": PAD, "blocked_tokens": (PAD, UNKNOWN)}
ORDERS = range(2, 6)  # BLEU-2 to BLEU-5 and self-BLEU-2 to self-BLEU-5

# (generated sequences, real held-out sequences) -> figures by name
MoreFigures = Callable[[np.ndarray, np.ndarray], dict[str, float]]


def corpus_task(
    corpus: Any,
    vocabulary: dict[str, Any],
    settings: CorpusSettings,
    write_samples: Callable[[Path, np.ndarray], None],
    generator_options: dict[str, Any],
    more_figures: MoreFigures | None = None,
) -> Task:
    """A task on real data.

    `bleu_n` scores samples against all training sequences, whose number is about what the paper's
    figures need (docs/metrics.md); `bleu_n_test` against the held-out test sequences. `real` in the
    task's provenance has the same figures for real held-out data under the same settings.

    Args:
        corpus: has `train`, `validation` and `test`, int32 `[M, T]`, and `provenance`.
        vocabulary: for the export; has "size".
        settings: of the run.
        write_samples: writes sequences int32 `[M, T]` for people, into a folder.
        generator_options: end and blocked tokens of the generator.
        more_figures: the task's own measures.
    """

    blocked = generator_options["blocked_tokens"]
    ends = {generator_options["pad_token"], generator_options.get("end_token", PAD)}

    def sentences(sequences: np.ndarray) -> list[np.ndarray]:
        return before_end(sequences, ends)

    train, test = sentences(corpus.train), sentences(corpus.test)
    scorers = {
        "": BleuScorer(train, max(ORDERS), settings.bleu_variant),
        "_test": BleuScorer(test, max(ORDERS), settings.bleu_variant),
    }

    # A mean over the few tokens that are known would look excellent: such a figure is left out.
    unknown = [p for p in ("validation", "test") if too_few_known(corpus.provenance, p)]
    likelihood_parts = [p for p in ("validation", "test") if p not in unknown]
    left_out = [f"nll_{p} is left out: most of the {p} tokens are unknown" for p in unknown]

    def judge(samples: np.ndarray, references: np.ndarray) -> Measurement:
        # Real data may hold unknown words, samples never do: no credit for matching unknown ones.
        rows = sentences(_unknown_apart(samples) if UNKNOWN in blocked else samples)
        scores_by = {name: scorer.sentence_scores(rows) for name, scorer in scorers.items()}
        figures = {
            f"bleu_{n}{name}": float(scores[:, n - 1].mean())
            for name, scores in scores_by.items()
            for n in ORDERS
        }
        bleu = self_bleu(rows[: settings.self_bleu_samples], max(ORDERS), settings.bleu_variant)
        figures |= {f"self_bleu_{n}": float(bleu[n - 1]) for n in ORDERS}
        figures["copied_share"] = copied_share(rows, train)
        figures |= more_figures(samples, references) if more_figures else {}
        return Measurement(figures, {f"bleu_{n}": scores_by[""][:, n - 1] for n in ORDERS})

    def measure(generator, num_samples, seed):
        samples = generator.sample(num_samples, seed).numpy()
        measurement = judge(samples, corpus.test)
        for part in likelihood_parts:
            sequences = getattr(corpus, part)[:num_samples]
            nll = sequence_nll(generator.log_prob, sequences)
            num_tokens = generator.mask(sequences).numpy().sum()
            measurement.figures[f"nll_{part}"] = float(nll.sum() / num_tokens)
            measurement.scores[f"nll_{part}"] = nll
        return measurement

    # Real data as if it were generated: the test part against the training part, and the
    # validation part against the test part, so that nothing is scored against itself.
    real = judge(corpus.test, corpus.validation).figures
    validation_figures = judge(corpus.validation, corpus.test).figures
    real |= {name: value for name, value in validation_figures.items() if name.endswith("_test")}
    return Task(
        train=corpus.train,
        vocabulary=vocabulary,
        measure=measure,
        figures=(*real, *(f"nll_{part}" for part in likelihood_parts)),
        write_samples=write_samples,
        real=lambda: real,
        validation=corpus.validation,
        test=corpus.test,
        generator_options=generator_options,
        provenance={**corpus.provenance, "real": real},
        inputs=input_digests(corpus.provenance),
        description=(*summarize(corpus.provenance), *left_out),
    )


def _unknown_apart(sequences: np.ndarray) -> np.ndarray:
    """The sequences, int64 `[M, T]`, in which each unknown word has an id of its own, below 0."""
    own = -1 - np.arange(sequences.size).reshape(sequences.shape)
    return np.where(sequences == UNKNOWN, own, sequences)


def text_task(corpus: Any, settings: CorpusSettings) -> Task:
    """A task on text, whose sequences may end before T; samples are written as text."""
    level = corpus.vocabulary.level

    def write_samples(folder: Path, samples: np.ndarray) -> None:
        lines = [to_text(corpus.vocabulary.decode(sequence), level) for sequence in samples]
        (folder / "samples.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

    lowercase = corpus.provenance.get("lowercase", False)
    vocabulary = {**corpus.vocabulary.to_json(), "lowercase": lowercase}
    return corpus_task(corpus, vocabulary, settings, write_samples, TEXT_OPTIONS)
