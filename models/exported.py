"""An exported generator as the scripts use it: its facts without TensorFlow, its functions with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from files.errors import DataError, UsageError
from models import load
from models.limits import MAX_TEMPERATURE, MIN_TEMPERATURE
from models.search import beam_search
from models.state_names import STATE_NAMES

CHUNK = 10_000  # sequences drawn or scored at a time, so that any number needs no more memory


@dataclass(frozen=True)
class Facts:
    """What `assets/vocabulary.json` says of the generator; see `models.export`."""

    max_length: int
    start_token: int
    end_token: int | None
    pad_token: int
    blocked_tokens: tuple[int, ...]

    @property
    def cannot_be_continued(self) -> frozenset[int]:
        """Ids that no prefix may hold."""
        ends = () if self.end_token is None else (self.end_token,)
        return frozenset((*self.blocked_tokens, *ends))


def read_facts(vocabulary: dict[str, Any], export: Path) -> Facts | None:
    """The facts of a generator; None for an export of an older version, which lacks them.

    Raises:
        DataError: they are invalid.
    """
    saved = vocabulary.get("generator")
    if saved is None:
        return None
    try:
        blocked, end = saved["blocked_tokens"], saved["end_token"]
        ids = [saved["start_token"], saved["pad_token"], *blocked, *([] if end is None else [end])]
        fits = all(type(token) is int and 0 <= token < vocabulary["size"] for token in ids)
        length = saved["max_length"]
        if fits and type(length) is int and 0 < length < 2**31:
            return Facts(length, ids[0], end, ids[1], tuple(blocked))
    except (KeyError, TypeError):
        pass
    raise DataError(
        f"{export / 'assets' / 'vocabulary.json'} has no valid facts of its generator, expected those "
        "of an export: export or copy it again."
    )


class Exported:
    """An exported generator. All errors are `files.errors.UserError`s of one line.

    Args:
        folder: of a run, or of the export; checked at once, and loaded at the first use.
    """

    def __init__(self, folder: Path):
        self.path = load.find_export(folder)
        self.vocabulary = load.check_export(self.path)
        self._facts = read_facts(self.vocabulary, self.path)
        self._loaded: Any = None

    @property
    def facts(self) -> Facts:
        """Of the generator. Raises `UsageError` where the export is of an older version."""
        if self._facts is None:
            raise load.of_older_version(self.path)
        return self._facts

    @property
    def temperature(self) -> float:
        """The sampling temperature found in training, or 1. Raises `DataError` for another value."""
        value = self.vocabulary.get("temperature", 1.0)
        if type(value) not in (int, float) or not MIN_TEMPERATURE <= value <= MAX_TEMPERATURE:
            raise DataError(
                f"{self.path} has the temperature {value!r:.60}, expected a number above 0: export or "
                "copy it again."
            )
        return float(value)

    @property
    def loaded(self) -> Any:
        """The SavedModel."""
        if self._loaded is None:
            self._loaded = load.load_generator(self.path)
        return self._loaded

    def sample(self, num: int, seed: int, temperature: float, **more: Any) -> np.ndarray:
        """Sequences int32 `[num, T]`; see `models.load.draw`."""
        return load.draw(
            self.loaded, self.path, self.vocabulary["size"], num, seed, temperature, **more
        )

    def tree_search(
        self,
        num: int,
        seed: int,
        temperature: float,
        simulations: int,
        exploration: float | None = None,
        *,
        stream: int = 0,
        prefix: np.ndarray | None = None,
    ) -> np.ndarray:
        """Sequences int32 `[num, T]` by `models.tree_search`; see `models.load.draw`."""
        import tensorflow as tf

        if not hasattr(self.loaded, "tree_search"):
            raise UsageError(
                f"{self.path} has no critic to search with, expected a run with --discriminator prefix or "
                "small-prefix, or with --action-values value or mixed. Name one, or leave --simulations out."
            )
        rows = np.tile(np.zeros(0, np.int32) if prefix is None else prefix, [num, 1])
        lengths = np.full(num, rows.shape[1], np.int32)
        options = {} if exploration is None else {"exploration": tf.constant(exploration)}

        def drawn():
            numbers = (
                tf.constant([seed, stream]),
                tf.constant(simulations),
                tf.constant(temperature),
            )
            return self.loaded.tree_search(rows, lengths, *numbers, **options)

        return load.checked_draw(drawn, self.path, self.vocabulary["size"], num)

    def log_prob(self, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Nats and number of counted tokens of int32 `[M, T]`: float32 and int32 `[M]`."""
        self._require("log_prob")
        much = f"{len(tokens):,} sequences at once. Score fewer at a time"
        nats, counted = load.call(lambda: self.loaded.log_prob(tokens), self.path, much)
        return np.asarray(nats), np.asarray(counted)

    def likeliest(self, width: int, prefix: np.ndarray) -> np.ndarray:
        """Sequences int32 `[K, T]` by beam search, see `models.search`."""
        facts = self.facts

        def search():
            _, inputs = self.loaded.signatures["step"].structured_input_signature
            states = [
                np.zeros([1, *inputs[name].shape[1:]], np.float32)
                for name in STATE_NAMES
                if name in inputs
            ]
            return beam_search(
                self.loaded.step,
                states,
                width,
                facts.max_length,
                facts.start_token,
                facts.end_token,
                facts.pad_token,
                facts.blocked_tokens,
                prefix.tolist(),
            )[0]

        return load.call(search, self.path, f"a beam of {width:,}. Give a smaller one (--beam)")

    def _require(self, endpoint: str) -> None:
        """Raises `UsageError` where the export is of an older version, without such a function."""
        if self._facts is None or not hasattr(self.loaded, endpoint):
            raise load.of_older_version(self.path)
