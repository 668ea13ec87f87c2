"""Settings: one frozen dataclass a task, whose fields are the flags; presets are instances of it."""

import argparse
import contextlib
import dataclasses
import difflib
import io
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import tyro

from files.errors import UsageError
from files.reading import read_json

F = TypeVar("F")
S = TypeVar("S", bound="Settings")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What every trainer can be told. Lengths in tokens, rates a step, counts as said."""

    preset: str = "quick"
    """Named set of values that the other flags change: smoke (seconds, for tests), quick (minutes on two cores), paper (the paper's protocol, days), official (the published repository's values)."""
    algorithm: Literal["random", "mle", "ss", "pg-bleu", "seqgan"] = "seqgan"
    """random trains nothing, and measures the controls that need no training; mle stops after maximum-likelihood pre-training, ss after scheduled sampling in its place; pg-bleu and seqgan go on with Algorithm 1, rewarded by BLEU or by the discriminator."""
    seed: int = 1
    """Decides every random draw of the run."""
    out: Path | None = None
    """Folder of the run; default runs/TASK-ALGORITHM-PRESET-seedN; a control of the reward is named after the algorithm."""
    resume: bool = False
    """Go on with the run in --out from its newest checkpoint."""
    pretrained: Path | None = None
    """Folder of a complete run of --algorithm mle, equal in all that decides pre-training: take its generator over instead of training it again."""
    random_tokens: Literal["unigram", "uniform"] = "unigram"
    """What random draws: tokens as frequent as in the training data, or all alike."""

    # Generator
    embedding_dim: int = 32
    """E of the generator."""
    hidden_dim: int = 32
    """H of the generator."""
    cell: Literal["lstm", "gru"] = "lstm"
    """Recurrent cell of the generator; the paper's is lstm."""
    batch_size: int = 64
    """B: sequences in every update."""
    optimizer: Literal["adam", "rmsprop", "sgd"] = "adam"
    """Optimizer of all updates; the generator has one for MLE and one for the policy gradient."""
    clip_norm: float = 5.0
    """Global norm that the generator's gradients are clipped to."""

    # Maximum likelihood (line 2 of Algorithm 1)
    mle_epochs: int = 35
    """Epochs of maximum-likelihood pre-training."""
    mle_learning_rate: float = 0.01
    """Learning rate of pre-training."""
    ss_decay: float = 0.002
    """By how much the probability of a true input token falls in each epoch of ss, from 1."""

    # Discriminator (lines 4-5 and 14-16)
    discriminator_learning_rate: float = 1e-4
    """Learning rate of the discriminator."""
    discriminator_embedding_dim: int = 64
    """Embedding dimension of the discriminator."""
    discriminator_dropout: float = 0.25
    """Share of features dropped while the discriminator trains; never while it rewards."""
    discriminator_l2: float = 0.2
    """Weight of the paper's L2 penalty on the output layer."""
    mixed_precision: Literal["none", "bfloat16"] = "none"
    """bfloat16 computes the discriminator's convolutions and highway in 16 bits; its weights, its verdict and the policy stay in float32."""
    pretrain_d_steps: int = 1
    """Times the discriminator gets new generated sequences in pre-training."""
    pretrain_d_epochs: int = 3
    """Epochs over each of those sets."""
    pretrain_d_samples: int = 5000
    """Real and as many generated sequences in each of those sets; fewer where there are fewer."""
    d_steps: int = 1
    """d-steps: times a round that the discriminator gets new generated sequences."""
    d_epochs: int = 1
    """k: epochs over each of those sets."""
    d_samples: int = 640
    """Real and as many generated sequences in each of those sets; fewer where there are fewer."""

    # Policy gradient (lines 7-13)
    rounds: int = 30
    """Rounds of adversarial training."""
    g_steps: int = 1
    """g-steps: policy-gradient updates a round."""
    g_learning_rate: float = 0.02
    """Learning rate of the policy gradient."""
    g_learning_rate_final: float | None = 1e-4
    """Learning rate of the last round, reached in a straight line; None: no change."""
    num_rollouts: int = 16
    """N: completions of every prefix."""
    rollout_update_rate: float = 1.0
    """beta <- rate * theta + (1 - rate) * beta after each round; the paper copies (1)."""
    reward: Literal["discriminator", "constant", "uniform"] = "discriminator"
    """What rewards seqgan: the discriminator, or as a control one half for everything, or a number between 0 and 1 drawn for each sequence."""
    reward_baseline: Literal["none", "batch", "position"] = "none"
    """What is subtracted from the rewards: nothing (the paper), their mean over the batch, or their mean at each position."""
    bleu_reward_order: int = 3
    """n of the BLEU-n that rewards pg-bleu."""
    bleu_reward_variant: Literal["strict", "method1", "legacy"] = "method1"
    """Its variant; see --bleu-variant of the tasks on real data."""
    bleu_reward_references: float = 0.4
    """Share of the training sequences that are its references."""

    # Measuring
    eval_every: int = 5
    """Rounds (and epochs of pre-training) between two measurements."""
    eval_samples: int = 2000
    """Generated sequences in a measurement along the way."""
    final_samples: int = 10000
    """Generated sequences in the measurements of the MLE start and of the final generator."""
    self_bleu_samples: int = 1000
    """Generated sequences, each scored against all the others, in self-BLEU."""
    temperatures: tuple[float, ...] = (0.5, 0.6, 0.7, 0.85, 1.0, 1.2)
    """Sampling temperatures at which the MLE start and the final generator are measured too, each with --eval-samples sequences."""
    checkpoint_seconds: float = 60.0
    """Least time between two checkpoints within a stage; every stage ends with one."""
    distribute: Literal["auto", "none", "mirrored", "multi-worker"] = "auto"
    """What shares the work: auto, all GPUs of the machine, or where TF_CONFIG is set all its workers; none, one device; mirrored, the machine alone; multi-worker, what TF_CONFIG says. A run goes on with any number of them (docs/distributed.md)."""
    check_numerics: bool = False
    """Find the operation that makes the first NaN or infinity, and stop there; slower. With --resume too: from the last good checkpoint of a run that diverged."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "temperatures", tuple(self.temperatures))  # JSON has lists only

    def check(self) -> None:
        """Raises `UsageError` for a value that cannot work."""
        zero_is_fine = {
            "seed",
            "split_seed",
            "mle_epochs",
            "rounds",
            "pretrain_d_steps",
            "d_steps",
            "g_steps",
        }
        zero_is_fine |= {"discriminator_dropout", "discriminator_l2", "checkpoint_seconds"}
        zero_is_fine |= {"ss_decay"}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            lowest = 0 if field.name in zero_is_fine else 1 if isinstance(value, int) else None
            if not (value >= lowest if lowest is not None else value > 0):
                expected = "above 0" if lowest is None else f"of at least {lowest}"
                raise UsageError(f"{flag(field.name)} is {value}, expected a number {expected}.")
        for name in (
            *("discriminator_dropout", "rollout_update_rate"),
            *("ss_decay", "bleu_reward_references"),
        ):
            value = getattr(self, name)
            if value > 1 or (value == 1 and name == "discriminator_dropout"):
                raise UsageError(f"{flag(name)} is {value}, expected a share of at most 1.")
        for value in self.temperatures:
            if not 0 < value < float("inf"):
                raise UsageError(f"--temperatures has {value}, expected numbers above 0.")
        if self.algorithm != "seqgan" and self.reward != "discriminator":
            raise UsageError(
                f"--reward {self.reward} is a control of --algorithm seqgan, and --algorithm is "
                f"{self.algorithm}."
            )
        if self.pretrained is not None and self.algorithm not in ("pg-bleu", "seqgan"):
            raise UsageError(
                f"--pretrained is for --algorithm pg-bleu and seqgan, and --algorithm is "
                f"{self.algorithm}."
            )

    def check_fits(self, num_sequences: int) -> None:
        """Raises `UsageError` where one batch needs more training sequences than there are."""
        if self.batch_size > num_sequences:
            raise UsageError(
                f"--batch-size is {self.batch_size}, but there are {num_sequences} training "
                "sequences. Give a smaller --batch-size or more data."
            )
        for name in ("pretrain_d_samples", "d_samples"):
            given = min(getattr(self, name), num_sequences)
            if 2 * given < self.batch_size:
                raise UsageError(
                    f"{flag(name)} is {given} real and as many generated sequences, fewer than one "
                    f"batch of {self.batch_size}. Give at least {-(-self.batch_size // 2)}."
                )


@dataclasses.dataclass(frozen=True)
class OracleSettings(Settings):
    """SeqGAN on synthetic data of a known oracle (Table 1 of Yu et al., 2017)."""

    oracle: str = "seed:1"
    """seed:N draws an oracle of weights N(0, 1) from the seed N; published reads the authors' parameters."""
    oracle_file: Path | None = None
    """The authors' parameter file; default: found in the data folder, or downloaded."""
    vocab_size: int = 5000
    """V; the published oracle has 5000."""
    max_length: int = 20
    """T, tokens in a sequence."""
    train_size: int = 10000
    """Sequences of the oracle to train on."""
    test_size: int = 10000
    """Held-out sequences of the oracle for NLL-test."""

    def check(self) -> None:
        super().check()
        if self.oracle != "published" and not re.fullmatch(r"seed:\d{1,9}", self.oracle):
            raise UsageError(
                f"--oracle is {self.oracle!r}, expected published or seed:N, as seed:1."
            )
        if self.oracle_file is not None and self.oracle != "published":
            raise UsageError(
                f"--oracle-file is read by --oracle published only, and --oracle is {self.oracle!r}."
            )
        if self.oracle == "published" and self.vocab_size != 5000:
            raise UsageError(
                f"--vocab-size is {self.vocab_size}, but the published oracle has 5000 tokens. "
                "Give --vocab-size 5000, or use --oracle seed:N."
            )


@dataclasses.dataclass(frozen=True)
class CorpusSettings(Settings):
    """What the tasks on real data can be told."""

    corpus: str = "sample"
    """The task's published corpus by its name, downloaded once; sample: a small one written for this project, kept with it; or the path of a file of one's own."""
    split_seed: int = 0
    """Decides which sequences are held out; not the run's seed, so that runs compare."""
    bleu_variant: Literal["strict", "method1", "legacy"] = "strict"
    """strict: NLTK from 3.3 on, unsmoothed; method1: its smoothing of that name; legacy: NLTK 3.2."""


@dataclasses.dataclass(frozen=True)
class PoemSettings(CorpusSettings):
    """SeqGAN on Chinese quatrains (Table 2 of Yu et al., 2017)."""

    skip_malformed: bool = False
    """Leave out, counted, what is no quatrain; without it such a line is an error."""


@dataclasses.dataclass(frozen=True)
class TextSettings(CorpusSettings):
    """SeqGAN on any text file, one sequence a line."""

    level: Literal["word", "char"] = "word"
    """What a token is."""
    max_length: int = 20
    """T, tokens in a sequence, 50 for --corpus news; a longer line is left out, counted, or cut with --truncate."""
    min_count: int = 1
    """How often a token must occur in the training part; rarer ones are unknown."""
    max_vocab: int | None = None
    """The largest V, reserved ids included; None: no limit."""
    lowercase: bool = False
    """Lower-case the text first."""
    truncate: bool = False
    """Cut a longer line to its first T tokens instead of leaving it out."""
    column: str | None = None
    """Read this column of a CSV file (its first line names the columns) or of JSON lines, not whole lines."""


@dataclasses.dataclass(frozen=True)
class SpeechSettings(CorpusSettings):
    """SeqGAN on political speeches (Table 3 of Yu et al., 2017)."""

    max_length: int = 20
    """T, words in a sequence."""
    min_count: int = 1
    """How often a word must occur in the training part; rarer ones are unknown."""
    max_vocab: int | None = 5000
    """The largest V, reserved ids included; None: no limit."""
    lowercase: bool = True
    """Lower-case the text first."""
    unit: Literal["sentences", "paragraphs"] = "sentences"
    """What a sequence is: sentences of at most T words, or the first T words of each paragraph."""


@dataclasses.dataclass(frozen=True)
class MusicSettings(CorpusSettings):
    """SeqGAN on folk tunes, one pitch every 0.4 s (Table 4 of Yu et al., 2017)."""

    audio: bool = False
    """Write WAV files beside the MIDI files."""


# Values of the paper-era code; REFERENCES in docs/differences.md say where each stands.
_PAPER = OracleSettings(
    preset="paper",
    oracle="published",
    mle_epochs=240,
    mle_learning_rate=1e-3,
    pretrain_d_steps=50,
    pretrain_d_epochs=3,
    pretrain_d_samples=10000,
    rounds=800,
    g_learning_rate=1e-3,
    g_learning_rate_final=None,
    d_steps=5,
    d_epochs=3,
    d_samples=10000,
    eval_every=5,
    eval_samples=10000,
    final_samples=100000,
    checkpoint_seconds=300.0,
)

ORACLE_PRESETS: dict[str, OracleSettings] = {
    "quick": OracleSettings(),
    "smoke": OracleSettings(
        preset="smoke",
        vocab_size=50,
        max_length=8,
        train_size=256,
        test_size=256,
        mle_epochs=2,
        pretrain_d_samples=64,
        pretrain_d_epochs=1,
        rounds=2,
        d_samples=64,
        num_rollouts=2,
        eval_every=1,
        eval_samples=128,
        final_samples=256,
        self_bleu_samples=64,
        temperatures=(0.7, 1.0),
    ),
    "paper": _PAPER,
    "official": dataclasses.replace(
        _PAPER,
        preset="official",
        mle_epochs=120,
        mle_learning_rate=0.01,
        rounds=200,
        g_learning_rate=0.01,
    ),
}


# For every corpus: a smoke test on the project's own samples, minutes on the published corpus, and
# the paper's protocol, as far as it is public (docs/differences.md).
_CORPUS_SMOKE: dict[str, Any] = {
    **{"preset": "smoke", "corpus": "sample", "mle_epochs": 2, "rounds": 2, "batch_size": 16},
    **{"pretrain_d_samples": 32, "pretrain_d_epochs": 1, "d_samples": 16, "num_rollouts": 2},
    **{"eval_every": 1, "eval_samples": 64, "final_samples": 64, "self_bleu_samples": 32},
    **{"temperatures": (0.7, 1.0)},
}
_CORPUS_QUICK: dict[str, Any] = {"mle_epochs": 25, "g_learning_rate": 0.012, "d_samples": 960}
_CORPUS_PAPER: dict[str, Any] = {
    name: getattr(_PAPER, name)
    for name in (
        *("preset", "mle_epochs", "mle_learning_rate", "pretrain_d_steps", "pretrain_d_epochs"),
        *("pretrain_d_samples", "rounds", "g_learning_rate", "g_learning_rate_final", "d_steps"),
        *("d_epochs", "d_samples", "eval_samples", "checkpoint_seconds"),
    )
}


def _corpus_presets(kind: type[S], corpus: str, **quick: Any) -> dict[str, S]:
    return {
        "quick": kind(**{**_CORPUS_QUICK, **quick}, corpus=corpus),  # type: ignore[call-arg]
        "smoke": kind(**_CORPUS_SMOKE),
        "paper": kind(**_CORPUS_PAPER, corpus=corpus),  # type: ignore[call-arg]
    }


# What does not make a run what it is.
NOT_STORED = ("out", "resume", "pretrained", "distribute", "check_numerics")
# What may differ from the run whose pre-training is taken over: nothing that it used.
AFTER_PRETRAINING = (
    *("preset", "algorithm", "random_tokens", "ss_decay", "checkpoint_seconds", "audio"),
    *("rounds", "g_steps", "g_learning_rate", "g_learning_rate_final"),
    *("num_rollouts", "rollout_update_rate", "reward", "reward_baseline"),
    *("bleu_reward_order", "bleu_reward_variant", "bleu_reward_references"),
    *("discriminator_learning_rate", "discriminator_embedding_dim"),
    *("discriminator_dropout", "discriminator_l2", "mixed_precision"),
    *("pretrain_d_steps", "pretrain_d_epochs", "pretrain_d_samples"),
    *("d_steps", "d_epochs", "d_samples"),
)

POEM_PRESETS = _corpus_presets(PoemSettings, "poems")
SPEECH_PRESETS = _corpus_presets(SpeechSettings, "speeches")
# On the tunes D soon tells samples from tunes: few rounds, small steps and few samples for D.
MUSIC_PRESETS = _corpus_presets(
    *(MusicSettings, "nottingham"), mle_epochs=50, rounds=8, g_learning_rate=0.006, d_samples=240
)
TEXT_PRESETS = _corpus_presets(TextSettings, "sample")
ALL_PRESETS: tuple[dict[str, Any], ...] = (
    *(ORACLE_PRESETS, POEM_PRESETS, SPEECH_PRESETS, MUSIC_PRESETS, TEXT_PRESETS),
)


def flag(name: str) -> str:
    """The flag of a field: `max_length` -> `--max-length`."""
    return "--" + name.replace("_", "-")


def parse(
    presets: Mapping[str, S], arguments: Sequence[str] | None = None, prog: str | None = None
) -> S:
    """Settings from the command line: the preset's values, changed by the flags.

    With `--resume` the values of the stored run stand in for the preset's, and a flag that says
    otherwise is an error. Raises `UsageError`, of one line.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    first.add_argument("--preset")
    first.add_argument("--out", type=Path)
    first.add_argument("--resume", action="store_true")
    try:
        known, _ = first.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise UsageError(f"{error}. See --help.") from None
    preset = known.preset or "quick"
    if preset not in presets:
        raise UsageError(f"--preset is {preset!r}, expected one of {', '.join(presets)}.")
    default = presets[preset]
    stored = None
    if known.resume:
        if known.out is None:
            raise UsageError("--resume needs --out, the folder of the run to go on with.")
        stored = default = load_settings(known.out / "config.json", type(default))
        default = dataclasses.replace(default, out=known.out)
    settings = read_flags(type(default), default, arguments, prog)
    settings.check()
    if stored is not None:
        for field in dataclasses.fields(settings):
            given, had = getattr(settings, field.name), getattr(stored, field.name)
            if field.name not in NOT_STORED and given != had:
                raise UsageError(
                    f"{flag(field.name)} is {given}, but the run in {known.out} has {had}. "
                    "Leave the flag out to go on with that run, or give another --out to start anew."
                )
    return settings


def read_flags(
    kind: type[F], default: F, arguments: Sequence[str] | None = None, prog: str | None = None
) -> F:
    """Flags into a dataclass, by tyro, whose boxed errors become `UsageError`s of one line."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)

    def read() -> F:
        return tyro.cli(
            kind,
            default=default,
            args=arguments,
            prog=prog,
            description=(kind.__doc__ or "").splitlines()[0],
            config=(tyro.conf.FlagCreatePairsOff,),
        )

    said = _Screen()
    try:
        with contextlib.redirect_stderr(said):
            return read()
    except SystemExit as stop:
        if not stop.code:
            raise
    said = _Screen()  # once more: how tyro draws its boxes depends on where the output goes
    with contextlib.suppress(SystemExit), contextlib.redirect_stderr(said):
        with contextlib.redirect_stdout(_Screen()):
            read()
    lines = [line.strip("│ ") for line in said.getvalue().splitlines() if line.startswith("│")]
    message = " ".join(line for line in lines[: _index(lines, "───")] if line)
    given = [a.split("=")[0] for a in arguments if a.startswith("--")]
    flags = [flag(field.name) for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for unknown in (a for a in given if a not in flags):
        close = difflib.get_close_matches(unknown, flags, 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise UsageError(f"there is no flag {unknown}.{hint} See --help.")
    raise UsageError(f"{message.rstrip('.')}. See --help.")


class _Screen(io.StringIO):
    """A place to print to that can show everything."""

    encoding = "utf-8"


def _index(lines: list[str], start: str) -> int:
    return next((k for k, line in enumerate(lines) if line.startswith(start)), len(lines))


def settings_to_json(settings: Settings) -> dict[str, Any]:
    """The settings that make a run what it is, ready for `config.json`."""
    values = {k: v for k, v in dataclasses.asdict(settings).items() if k not in NOT_STORED}
    return {k: str(v) if isinstance(v, Path) else v for k, v in values.items()}


def _preset_of(settings: S) -> S:
    """The settings as their preset has them."""
    presets = next(p for p in ALL_PRESETS if isinstance(settings, type(p["quick"])))
    return presets[settings.preset]


def run_name(task: str, settings: Settings) -> str:
    """`TASK[-DATA]-ALGORITHM[-REWARD]-PRESET-seedN`: DATA and REWARD where they are not the usual ones."""
    data = ""
    if isinstance(settings, OracleSettings):
        if settings.oracle != _preset_of(settings).oracle:
            data = settings.oracle.replace(":", "")
    elif isinstance(settings, CorpusSettings) and settings.corpus != _preset_of(settings).corpus:
        data = re.sub(r"[^\w-]+", "_", Path(settings.corpus).stem)
    reward = "" if settings.reward == "discriminator" else settings.reward
    parts = (task, data, settings.algorithm, reward, settings.preset, f"seed{settings.seed}")
    return "-".join(part for part in parts if part)


def changed_settings(settings: Settings) -> dict[str, Any]:
    """What differs from the preset, but for what names the run: algorithm, seed and data."""
    values, preset = settings_to_json(settings), settings_to_json(_preset_of(settings))
    named = ("algorithm", "seed", "oracle", "oracle_file", "corpus")
    return {k: v for k, v in values.items() if v != preset[k] and k not in named}


def check_same_start(settings: Settings, other: Settings) -> None:
    """Raises `UsageError` unless `other` is an MLE run whose generator `settings` would train too."""
    if other.algorithm != "mle":
        raise UsageError(
            f"--pretrained needs a run of --algorithm mle, and it is one of {other.algorithm}."
        )
    for field in dataclasses.fields(settings):
        given, had = getattr(settings, field.name), getattr(other, field.name)
        if field.name not in (*NOT_STORED, *AFTER_PRETRAINING) and given != had:
            raise UsageError(
                f"{flag(field.name)} is {given}, but the run of --pretrained has {had}: its "
                "generator is not the one that this run would train. Give the same value."
            )


def load_settings(path: Path, kind: type[S]) -> S:
    """Settings from a run's `config.json`, or `UsageError`."""
    if not path.exists():
        raise UsageError(
            f"there is no run in {path.parent}: it has no {path.name}. Leave --resume out to start one."
        )
    types = {field.name: field.type for field in dataclasses.fields(kind)}
    presets = next(p for p in ALL_PRESETS if type(p["quick"]) is kind)
    try:
        stored = read_json(path, "expected that of a run", most=1 << 20)["settings"].items()
        settings = kind(
            **{k: _of_type(k, v, types.get(k)) for k, v in stored if k not in NOT_STORED}
        )
        settings.check()
        if settings.preset not in presets:
            raise ValueError(f"there is no preset {settings.preset!r:.60}")
        return settings
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise UsageError(
            f"{path} cannot be read as the settings of a run ({error!s:.300}). "
            "Start anew with another --out."
        ) from None


def _of_type(name: str, value: Any, kind: Any) -> Any:
    """A value out of JSON as a field of that name and type holds it, or `TypeError`."""
    if kind is None:
        raise TypeError(f"there is no setting {name!r:.60}")
    kinds = getattr(kind, "__args__", (kind,))  # of `X | None`, and the texts of `Literal`
    if getattr(kind, "__origin__", None) is tuple:
        if type(value) is list:
            return tuple(_of_type(name, each, kinds[0]) for each in value)
        kinds = ()
    if Path in kinds and type(value) is str:
        return Path(value)
    if float in kinds and type(value) is int:
        value = float(value)
    fits = type(value) in kinds or (type(value) is str and value in kinds)
    if not fits or (type(value) is float and not abs(value) < float("inf")):
        given = f"{value!r:.60}" if isinstance(value, str | int | float) else type(value).__name__
        raise TypeError(f"{flag(name)} is {given}")
    return value
