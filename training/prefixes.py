"""Prefixes that an exported generator completes, as `sample.py --prefix` takes them."""

from pathlib import Path

import numpy as np

from data.line_codec import LineCodec
from data.melody import VOCAB_SIZE, read_midi
from files.errors import UsageError
from models.exported import Exported


def read_prefix(text: str, most: int, exported: Exported, codec: LineCodec) -> np.ndarray:
    """The ids of a prefix, int32 `[n]`, which the generator can complete.

    Args:
        text: of the prefix, or the path of a MIDI file where the generator writes tunes.
        most: tokens to keep; 0 keeps all.
        exported: the generator.
        codec: of its lines.

    Raises:
        UserError: it is empty, too long, or holds what the generator cannot write.
    """
    facts = exported.facts
    if exported.vocabulary["task"] == "music" and not text.replace(" ", "").isdecimal():
        if not Path(text).exists():
            raise UsageError(
                f"--prefix is {text!r:.200}, expected keys from 1 to {VOCAB_SIZE - 1} separated by spaces, or "
                "the path of a MIDI file. Check it."
            )
        ids = read_midi(Path(text))
        shown = list(map(str, ids))
    else:
        shown = codec.tokens(text)
        ids = codec.ids(shown)
    ids, shown = (ids[:most], shown[:most]) if most else (ids, shown)
    if not len(ids):
        raise UsageError(
            "--prefix holds no token, expected at least one. Give some, or leave --prefix out to draw "
            "from nothing."
        )
    if unknown := codec.unknown(shown):
        raise UsageError(
            f"--prefix holds {', '.join(map(repr, unknown[:5]))}, which the generator does not know, "
            "expected tokens of its training data. Give others; assets/vocabulary.json has them all."
        )
    if barred := sorted(facts.cannot_be_continued.intersection(ids.tolist())):
        raise UsageError(
            f"--prefix holds the id {barred[0]}, expected ids that others can follow, not "
            f"{sorted(facts.cannot_be_continued)}. Leave it out."
        )
    if len(ids) >= facts.max_length:
        raise UsageError(
            f"--prefix has {len(ids)} tokens, expected at most {facts.max_length - 1}, since sequences "
            f"have {facts.max_length}. Cut it, as with --prefix-length {max(1, facts.max_length // 2)}."
        )
    return ids
