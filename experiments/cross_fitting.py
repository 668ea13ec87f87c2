"""Whether discriminators learn more from generators that were not trained on their real sequences.

    python -m experiments.cross_fitting runs/experiments/text-coco-iid-mle-best-seed1 \\
        --json results/cross-fitting.json --write docs/discriminator.md

A generator knows its training data better than unseen data, and a discriminator that is trained on the same
data may miss what the generator does not know. Cross-fitting (Chernozhukov et al., 2018) divides the
training data into folds: for each, a generator is trained on the others, and a discriminator on the fold and
samples of that generator. The mean of the discriminators' logits then judges the generator of all data.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.tables import Folders, check_targets, publish, with_earlier
from files.errors import UsageError
from metrics.verdict import Verdict, verdict
from reports.cells import mean_sd, seed_range
from reports.markdown import Table
from training.discriminators import NAMED, with_discriminator
from training.errors import one_line_errors
from training.flags import read_flags
from training.stored_settings import load_settings
from training.task_settings import TextSettings

PARTS = ("validation", "test")
ROW = ("data", "discriminator", "folds")
TABLE, MAKER = "cross-fitting", "experiments.cross_fitting"
ALL = "all data"
CROSS_FITTED = "each fold, against a generator without it"
SAME_FOLDS = "each fold, against the generator of all data (control)"


@dataclasses.dataclass(frozen=True)
class CrossFittingSettings:
    """Compares what discriminators know of unseen data with cross-fitting and without it."""

    runs: Folders = ()
    """Folders of complete runs of train_text.py with --algorithm mle."""
    folds: int = 5
    """Parts of the training data."""
    discriminator: str = "small-prefix"
    """As `--discriminator` of train_text.py."""
    patience: int = 20
    """Training sets of a fold without a lower validation loss after which a discriminator stops. That of all data stops after as many sequences."""
    sets: int = 200
    """The most training sets of a fold."""
    samples: int = 10_000
    """Samples of the generator that estimate the normalizer of the gain."""
    json: Path | None = None
    """File for the figures. Its rows of other runs are kept."""
    write: Path | None = None
    """Markdown file with the marks of the table `cross-fitting`."""

    def check(self) -> None:
        """Raises `UsageError` for a value that cannot work."""
        if self.discriminator not in NAMED:
            raise UsageError(
                f"--discriminator is {self.discriminator}, expected {', '.join(NAMED)}. Choose one."
            )
        if self.folds < 2 or min(self.patience, self.sets) < self.folds or self.samples < 2:
            raise UsageError(
                f"--folds is {self.folds}, --patience {self.patience}, --sets {self.sets} and --samples "
                f"{self.samples}, expected at least 2 folds and samples, and as many training sets "
                "as folds. Give more."
            )
        check_targets(TABLE, self.json, self.write, MAKER, ROW)


class Folds:
    """The generator of a finished MLE run on text, and generators and discriminators of its folds.

    Args:
        folder: of the run.
        given: folds, kind of discriminator, and how long to train it.
    """

    def __init__(self, folder: Path, given: CrossFittingSettings):
        from training.resume import check_pretrained, restore_generator
        from training.task_corpora import load_corpus

        settings = load_settings(folder / "config.json", TextSettings)
        self.given = given
        settings = dataclasses.replace(settings, algorithm="seqgan")
        self.settings: TextSettings = with_discriminator(settings, given.discriminator)
        self.corpus = load_corpus(settings)
        self.generator = self._new_generator()
        restore_generator(check_pretrained(folder, self.settings, print), self.generator)
        self._set_best_temperature(self.generator)
        rows = np.random.default_rng(settings.seed).permutation(len(self.corpus.train))
        self.folds = np.array_split(rows, given.folds)
        self.parts = {part: self._unseen(part) for part in PARTS}

    def _unseen(self, part: str) -> np.ndarray:
        """The sequences of a part that the generator can write."""
        from training.verdict import writable

        real = writable(self.generator, getattr(self.corpus, part))
        if len(real) < 2:
            raise UsageError(
                f"{self.settings.corpus} has {len(real)} {part} sequences without unknown words, expected "
                "two or more. Give a run on a larger corpus."
            )
        return real

    def _new_generator(self) -> Any:
        import keras

        from training.corpus_task import TEXT_OPTIONS
        from training.generators import make_generator

        keras.utils.set_random_seed(self.settings.seed)
        sizes = self.corpus.vocabulary.size, self.corpus.train.shape[1]
        return make_generator(*sizes, self.settings, TEXT_OPTIONS)

    def _set_best_temperature(self, generator: Any) -> None:
        from training.temperature import apply_temperature, best_temperature

        apply_temperature(generator, best_temperature(generator, self.corpus.validation))

    def generator_without(self, fold: np.ndarray) -> Any:
        """A generator trained as that of the run, on the sequences of the other folds."""
        import tensorflow as tf

        from training.journal import Measurement, MemoryJournal
        from training.pretrain import pretrain_generator
        from training.steps import make_steps

        settings = dataclasses.replace(self.settings, algorithm="mle")
        generator = self._new_generator()
        steps = make_steps(generator, self._new_discriminator(), settings)
        real = tf.constant(np.delete(self.corpus.train, fold, axis=0), tf.int32)
        journal = MemoryJournal(settings.seed, _say("mle"))
        by = real, settings, journal, lambda *_: Measurement({}), self.corpus.validation
        pretrain_generator(steps, *by)
        self._set_best_temperature(generator)
        return generator

    def _new_discriminator(self) -> Any:
        from training.judges import make_discriminator

        sizes = self.corpus.vocabulary.size, self.corpus.train.shape[1]
        return make_discriminator(*sizes, self.settings)

    def discriminator(self, generator: Any, rows: np.ndarray | None = None) -> Any:
        """One trained on these real sequences, all without `rows`, against samples of a generator."""
        import keras
        import tensorflow as tf

        from training.journal import MemoryJournal
        from training.pretrain import pretrain_discriminator
        from training.seqgan import best_weights
        from training.steps import make_steps

        # A set of all data is as long as those of all folds.
        part = self.given.folds if rows is None else 1
        settings = dataclasses.replace(
            self.settings,
            pretrain_d_steps=self.given.sets // part,
            pretrain_d_epochs=1,
            pretrain_d_samples=len(self.corpus.train),
            d_patience=self.given.patience // part,
        )
        keras.utils.set_random_seed(settings.seed)
        discriminator = self._new_discriminator()
        steps = make_steps(generator, discriminator, settings)
        validation = self.corpus.validation
        best = best_weights(steps, settings, validation)
        real = self.corpus.train if rows is None else self.corpus.train[rows]
        journal = MemoryJournal(settings.seed, _say("discriminator"))
        pretrain_discriminator(
            steps, tf.constant(real, tf.int32), settings, journal, validation, best
        )
        return discriminator

    def verdicts(self, discriminators: Sequence[Any]) -> dict[str, Verdict]:
        """What the mean of their logits knows of unseen data that the generator of all data does not."""
        from training.seeds import counted_seed
        from training.verdict import lengths

        def logits(sequences):
            return np.mean([each.logits(sequences).numpy() for each in discriminators], axis=0)

        seed = counted_seed(self.settings.seed, "verdict of cross-fitting")
        samples = logits(self.generator.sample(self.given.samples, seed))
        found = {}
        for part in PARTS:
            real = self.parts[part]
            found[part] = verdict(logits(real), samples, lengths(self.generator, real))
        return found


def _say(what: str) -> Callable[..., None]:
    return lambda stage, step, figures: print(
        f"{what} {step}  "
        + "  ".join(f"{name} {value:.4f}" for name, value in figures.items() if "valid" in name),
        flush=True,
    )


def measure(folder: Path, given: CrossFittingSettings) -> dict[str, Any]:
    """A row of the figures: what the discriminators of one run know."""
    made = Folds(folder, given)
    judges: dict[str, list[Any]] = {ALL: [made.discriminator(made.generator)]}
    judges |= {SAME_FOLDS: [], CROSS_FITTED: []}
    for fold in made.folds:
        judges[SAME_FOLDS].append(made.discriminator(made.generator, fold))
        judges[CROSS_FITTED].append(made.discriminator(made.generator_without(fold), fold))
    verdicts = {
        name: {part: found._asdict() for part, found in made.verdicts(of).items()}
        for name, of in judges.items()
    }
    return {
        "data": Path(made.settings.corpus).name,
        **{name: getattr(given, name) for name in ("discriminator", "folds", "samples")},
        "seeds": {str(made.settings.seed): verdicts},
    }


def cross_fitting_table(rows: Sequence[dict[str, Any]]) -> Table:
    """A line for each way to train, means and standard deviations over seeds."""
    lines = []
    for row in rows:
        seeds = list(row["seeds"].values())
        for name in seeds[0]:
            line = [row["data"], row["discriminator"], str(row["folds"])]
            line += [seed_range(map(int, row["seeds"])), name]
            for part in PARTS:
                found = [seed[name][part] for seed in seeds]
                gain = mean_sd([each["gain"] for each in found], 4)
                error = np.mean([each["gain_error"] for each in found])
                line += [mean_sd([each["accuracy"] for each in found])]
                line += [f"{gain} (error {error:.4f})"]
            lines.append(line)
    columns = ["data", "D", "folds", "seeds", "trained on"]
    columns += [text for part in PARTS for text in (f"accuracy, {part}", f"gain, {part}")]
    notes = [
        "Gains in nats per token over the generator of all data at its best temperature, by "
        f"{rows[0]['samples']:,} of its samples; of several discriminators the mean of the logits. ± is the "
        "standard deviation over seeds, and in brackets is the standard error within a run.",
    ]
    return Table(columns, lines, notes)


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(CrossFittingSettings, CrossFittingSettings(), arguments, "cross_fitting")
    settings.check()
    from training.session import quiet

    quiet()
    measured = [measure(folder, settings) for folder in settings.runs]
    rows = with_earlier(measured, settings.json, ROW)
    given = cross_fitting_table(rows), {"rows": rows}, settings.json, settings.write
    publish(TABLE, *given, maker=MAKER)


if __name__ == "__main__":
    with one_line_errors():
        main()
