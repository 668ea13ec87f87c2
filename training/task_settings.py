"""Settings of each task: those that all tasks share, and its own."""

import dataclasses
import re
from functools import partial
from pathlib import Path
from typing import Literal

from files.errors import UsageError
from training.bounds import COUNT, MEASURED_SEQUENCES, SEED, SEQUENCES
from training.options import Bounds, option
from training.settings import Settings, evaluation

data = partial(option, group="Data")

LENGTH = Bounds(1, 10_000)
VOCABULARY = Bounds(5, 1_000_000)  # 3 reserved ids, and the 2 tokens that a vocabulary needs
PUBLISHED_VOCAB_SIZE = 5000


@dataclasses.dataclass(frozen=True)
class OracleSettings(Settings):
    """SeqGAN on synthetic data of a known oracle (Table 1 of Yu et al., 2017)."""

    oracle: str = data(
        "seed:1",
        "Oracle that generates the data. seed:N: weights drawn from N(0, 1) with the seed N; published: the authors' parameters.",
        names_run=True,
    )
    oracle_file: Path | None = data(
        None,
        "File of the authors' parameters. Default: the one in the data folder, downloaded if missing.",
        names_run=True,
        by_content=True,
    )
    vocab_size: int = data(
        5000,
        "Vocabulary size V (5000 for the published oracle).",
        bounds=Bounds(1, 1_000_000),
    )
    max_length: int = data(20, "Tokens per sequence (T).", bounds=LENGTH)
    train_size: int = data(10000, "Training sequences drawn from the oracle.", bounds=SEQUENCES)
    test_size: int = data(
        10000,
        "Held-out sequences drawn from the oracle, for NLL-test.",
        bounds=MEASURED_SEQUENCES,
    )
    validation_size: int = data(
        2000,
        "Sequences drawn from the oracle to decide by: neither trained on nor those of NLL-test.",
        bounds=MEASURED_SEQUENCES,
    )

    def check(self) -> None:
        super().check()
        seed = re.fullmatch(r"seed:([0-9]{1,10})", self.oracle)
        if self.oracle != "published" and not (seed and int(seed[1]) in SEED):
            raise UsageError(
                f"--oracle is {self.oracle!r:.60}, expected published or seed:N, as seed:1, with N "
                f"{SEED}."
            )
        if self.oracle_file is not None and self.oracle != "published":
            raise UsageError(
                f"--oracle-file is read by --oracle published only, and --oracle is {self.oracle!r}."
            )
        if self.oracle == "published" and self.vocab_size != PUBLISHED_VOCAB_SIZE:
            raise UsageError(
                f"--vocab-size is {self.vocab_size}, but the published oracle has "
                f"{PUBLISHED_VOCAB_SIZE} tokens. Give --vocab-size {PUBLISHED_VOCAB_SIZE}, or use "
                "--oracle seed:N."
            )


@dataclasses.dataclass(frozen=True)
class CorpusSettings(Settings):
    """Settings of the tasks on real data."""

    corpus: str = data(
        "sample",
        "Path of your data, name of a published corpus of this task (downloaded once), or sample: a small corpus that comes with this project.",
        names_run=True,
        by_content=True,
    )
    split_seed: int = data(
        0,
        "Seed of the split into training, validation and test sequences. Separate from --seed, so that runs with different seeds are comparable.",
        bounds=SEED,
    )
    bleu_variant: Literal["strict", "method1", "legacy"] = evaluation(
        "strict",
        "Smoothing of the BLEU scores. strict: none, as NLTK from 3.3 on; method1: NLTK's smoothing of that name; legacy: as NLTK 3.2.",
    )


@dataclasses.dataclass(frozen=True)
class PoemSettings(CorpusSettings):
    """SeqGAN on Chinese quatrains (Table 2 of Yu et al., 2017)."""

    skip_malformed: bool = data(
        False, "Skip lines that are not quatrains and count them, instead of raising an error."
    )


@dataclasses.dataclass(frozen=True)
class TextSettings(CorpusSettings):
    """SeqGAN on any text file, one sequence a line."""

    level: Literal["word", "char"] = data("word", "Tokens are words or characters.")
    max_length: int = data(
        20,
        "Maximum tokens per sequence (T); with --corpus news the default is 50. Longer lines are skipped and counted, or cut with --truncate.",
        bounds=LENGTH,
    )
    min_count: int = data(
        1,
        "Minimum number of occurrences of a token in the training sequences; rarer tokens become unknown.",
        bounds=COUNT,
    )
    max_vocab: int | None = data(
        None,
        "Maximum vocabulary size V, including 3 reserved ids; rarer tokens become unknown. None: no limit.",
        bounds=VOCABULARY,
    )
    lowercase: bool = data(False, "Convert the text to lower case.")
    truncate: bool = data(
        False, "Cut longer lines to their first T tokens instead of skipping them."
    )
    column: str | None = data(
        None,
        "Read the text from this column of a CSV file (whose first line names the columns) or of JSON lines, instead of whole lines.",
    )


@dataclasses.dataclass(frozen=True)
class SpeechSettings(CorpusSettings):
    """SeqGAN on political speeches (Table 3 of Yu et al., 2017)."""

    max_length: int = data(
        20, "Maximum words per sequence (T); see --unit for longer ones.", bounds=LENGTH
    )
    min_count: int = data(
        1,
        "Minimum number of occurrences of a word in the training sequences; rarer words become unknown.",
        bounds=COUNT,
    )
    max_vocab: int | None = data(
        5000,
        "Maximum vocabulary size V, including 3 reserved ids; rarer words become unknown. None: no limit.",
        bounds=VOCABULARY,
    )
    lowercase: bool = data(True, "Convert the text to lower case.")
    unit: Literal["sentences", "paragraphs"] = data(
        "sentences",
        "What a sequence is. sentences: those of at most T words; paragraphs: the first T words of each paragraph.",
    )


@dataclasses.dataclass(frozen=True)
class MusicSettings(CorpusSettings):
    """SeqGAN on folk tunes, one pitch every 0.4 s (Table 4 of Yu et al., 2017)."""

    audio: bool = evaluation(
        False, "Write the samples as WAV files too, next to the MIDI files.", after_pretraining=True
    )
