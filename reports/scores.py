"""How likely exported generators find the lines of a file, and which of them finds it likeliest.

Perplexities of two generators compare only where both know all words and cut text into the same
tokens. So generators are ranked by nats per character, over the lines that each of them knows in
full: there each gives a probability to the same text, whatever its tokens and vocabulary are.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data.line_codec import LineCodec
from data.lines import read_lines
from data.melody import read_tunes
from data.poems import join_lines
from files.errors import UsageError
from models.exported import Exported

_ROWS = 1000  # scored at a time
_SHOWN_UNKNOWN = 10


@dataclass(frozen=True)
class Score:
    """Of one line, or of all.

    Args:
        name: number of the line, or of the window of a tune.
        nats: minus the log-probability of the tokens that count.
        num_tokens: tokens that count: the end of a sequence does, unknown words do not.
        num_characters: of the text, an end that is predicted as one more; tokens where there is no text.
        unknown: tokens that the generator does not know, with how often they occur.
        left_out: for all lines, how many could not be scored, by the reason.
    """

    name: str
    nats: float = 0.0
    num_tokens: int = 0
    num_characters: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def nats_per_token(self) -> float:
        return self.nats / self.num_tokens if self.num_tokens else math.nan

    @property
    def perplexity(self) -> float:
        """exp(nats per token)."""
        return math.exp(min(self.nats_per_token, 700.0))

    def to_json(self) -> dict[str, Any]:
        known = self.num_tokens > 0
        values = {
            "line": self.name,
            "nats": self.nats,
            "num_tokens": self.num_tokens,
            "nats_per_token": self.nats_per_token if known else None,
            "perplexity": self.perplexity if known else None,
            "unknown": dict(self.unknown),
        }
        return values | ({"left_out": dict(self.left_out)} if self.left_out else {})


class Scorer:
    """Scores files by one exported generator; loaded at the first line.

    Args:
        run: folder of a run, or of its export.
    """

    def __init__(self, run: Path):
        self.run = run
        self._exported = Exported(run)
        self.codec = LineCodec(self._exported.vocabulary)
        self.facts = self._exported.facts
        self.level = self._exported.vocabulary["level"]
        self.task = self._exported.vocabulary["task"]

    @property
    def writes(self) -> str:
        """What kind of lines it can be compared on."""
        kinds = {"id": "ids", "key": "tunes"}
        return "poems" if self.task == "poems" else kinds.get(self.level, "text")

    def scores(self, path: Path) -> Iterator[Score]:
        """The score of each line that can be scored, then one for all, named "all".

        Raises:
            UserError: the file cannot be read, or has no line that can be scored.
        """
        total = Score("all")
        nats, num_tokens, num_characters = 0.0, 0, 0
        rows = self._rows(path, total.left_out)
        while batch := list(itertools.islice(rows, _ROWS)):
            scored = self._exported.log_prob(np.stack([row for _, row in batch]))
            for (score, _), log_prob, counted in zip(batch, *scored, strict=True):
                nats -= float(log_prob)
                num_tokens += int(counted)
                num_characters += score.num_characters
                total.unknown.update(score.unknown)
                yield Score(
                    score.name, -float(log_prob), int(counted), score.num_characters, score.unknown
                )
        if not num_characters:
            reasons = ", ".join(_left_out(total))
            raise UsageError(
                f"{path} has no line that can be scored{f' ({reasons})' if reasons else ''}, expected "
                f"lines of {'' if self.facts.end_token is None else 'at most '}{self.facts.max_length} "
                "tokens. Give others."
            )
        yield Score("all", nats, num_tokens, num_characters, total.unknown, total.left_out)

    def _rows(self, path: Path, left_out: Counter[str]) -> Iterator[tuple[Score, np.ndarray]]:
        """Each line's score before the generator reads it, and its ids int32 `[T]`."""
        length, end = self.facts.max_length, self.facts.end_token
        for name, text, tokens in self._sequences(path, left_out):
            if len(tokens) > length or (len(tokens) < length and end is None):
                than = "more" if len(tokens) > length else "fewer"
                left_out[f"of {than} than {length} tokens"] += 1
                continue
            row = np.full(length, self.facts.pad_token, np.int32)
            row[: len(tokens)] = self.codec.ids(tokens)
            if end is not None and len(tokens) < length:
                row[len(tokens)] = end
            unknown = Counter(self.codec.unknown(tokens))
            shown = text if self.writes in ("text", "poems") else tokens
            ends = end is not None and len(tokens) < length
            num_characters = len(shown) + ends
            yield Score(name, num_characters=num_characters, unknown=unknown), row

    def _sequences(
        self, path: Path, left_out: Counter[str]
    ) -> Iterator[tuple[str, str, Sequence[str]]]:
        if self.writes == "tunes":
            length = self.facts.max_length
            tunes, skipped = read_tunes(path)
            left_out.update({f"file: {reason}": len(names) for reason, names in skipped.items()})
            for tune in tunes:
                keys = list(map(str, tune.keys))
                for number in range(max(1, len(keys) // length)):
                    window = keys[number * length : (number + 1) * length]
                    yield f"{tune.name} {number + 1}", "", window
            return
        lines = ((number, line) for number, line in read_lines(path) if line.strip())
        poems = self.writes == "poems"
        for number, line in join_lines(lines, self.facts.max_length) if poems else lines:
            yield str(number), line, self.codec.tokens(line)


def score_table(scores: Iterator[Score]) -> Iterator[str]:
    """Lines of a table, then what was unknown and left out."""
    first = next(scores)  # whose error comes alone, without the head of a table
    yield f"{'line':<12} {'tokens':>7} {'unknown':>8} {'nats/token':>11} {'perplexity':>11}"
    for score in itertools.chain([first], scores):
        unknown = score.unknown.total()
        yield (
            f"{score.name:<12} {score.num_tokens:>7} {unknown:>8} {score.nats_per_token:>11.4f} "
            f"{score.perplexity:>11.2f}"
        )
    if unknown:
        common = score.unknown.most_common(_SHOWN_UNKNOWN)
        words = ", ".join(f"{word} ({count})" for word, count in common)
        more = len(score.unknown) - len(common)
        yield (
            f"unknown, not counted in the figures: {unknown:,} token{'s' * (unknown != 1)}, "
            f"{len(score.unknown):,} different: "
            f"{words}{f', and {more:,} others' if more else ''}"
        )
    for what in _left_out(score):
        yield f"left out: {what}"


def _left_out(total: Score) -> Iterator[str]:
    """How many lines or files were left out, with each reason."""
    for reason, count in total.left_out.items():
        if reason.startswith("file: "):
            noun, rest = "file", reason.removeprefix("file")
        else:
            noun, rest = "line", f" {reason}"
        yield f"{count:,} {noun}{'s' * (count != 1)}{rest}"


@dataclass(frozen=True)
class Rank:
    """A generator's rank on the lines without unknown tokens for any of them.

    Args:
        run: as it was given.
        lines: number of lines without unknown tokens for any of the generators.
        own_lines: number of lines without unknown tokens for this one.
        score: on the common lines.
        unknown: tokens that this one does not know in all lines that it could score.
        lowercase: whether it reads lower-cased text.
    """

    run: str
    lines: int
    own_lines: int
    score: Score
    unknown: int
    lowercase: bool

    @property
    def nats_per_character(self) -> float:
        return self.score.nats / self.score.num_characters

    def to_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "nats_per_character": self.nats_per_character,
            "nats_per_token": self.score.nats_per_token,
            "perplexity": self.score.perplexity,
            "lines": self.lines,
            "own_lines": self.own_lines,
            "unknown_tokens": self.unknown,
            "lowercase": self.lowercase,
        }


def compare(scorers: Sequence[Scorer], path: Path) -> list[Rank]:
    """Generators by nats per character, the lowest first, on the lines without unknown tokens for any of them.

    A line that fills the maximum length of one generator, which then predicts no end of it, counts
    only where it fills that of each.

    Raises:
        UserError: they write different kinds of sequences, or know no line in common.
    """
    kinds = {scorer.writes: scorer for scorer in scorers}
    if len(kinds) > 1:
        listed = ", ".join(f"{scorer.run} of {kind}" for kind, scorer in kinds.items())
        raise UsageError(
            f"--compare has generators of different kinds ({listed}), expected one kind. Compare those of "
            "the same task."
        )
    known: list[dict[str, Score]] = []
    unknown = []
    for scorer in scorers:
        *scores, total = scorer.scores(path)
        known.append({score.name: score for score in scores if not score.unknown})
        unknown.append(total.unknown.total())
    shared = set.intersection(*(set(lines) for lines in known))
    common = {name for name in shared if len({lines[name].num_characters for lines in known}) == 1}
    if shared and not common:
        raise UsageError(
            f"{path} has no line that ends for all generators: each known line fills the maximum length of "
            "one of them and not of another. Give shorter lines too, or compare runs of one --max-length."
        )
    if not common:
        each = ", ".join(
            f"{len(lines):,} by {s.run}" for lines, s in zip(known, scorers, strict=True)
        )
        raise UsageError(
            f"{path} has no line without unknown tokens for all generators ({each}), expected at least "
            "one. Give lines without unknown words, or compare fewer runs."
        )
    ranks = []
    for scorer, lines, num_unknown in zip(scorers, known, unknown, strict=True):
        scores = [lines[name] for name in sorted(common)]
        sums = (sum(values) for values in zip(*(_figures(score) for score in scores), strict=True))
        total = Score("all", *sums)
        run, lower = str(scorer.run), scorer.codec.lowercase
        ranks.append(Rank(run, len(common), len(lines), total, num_unknown, lower))
    return sorted(ranks, key=lambda rank: rank.nats_per_character)


def _figures(score: Score) -> tuple[float, int, int]:
    return score.nats, score.num_tokens, score.num_characters


def comparison_table(ranks: Sequence[Rank]) -> Iterator[str]:
    """Lines of a table, the likeliest generator first."""
    yield f"{'nats/char':>10} {'nats/token':>11} {'perplexity':>11} {'unknown':>8}  run"
    for rank in ranks:
        yield (
            f"{rank.nats_per_character:>10.4f} {rank.score.nats_per_token:>11.4f} "
            f"{rank.score.perplexity:>11.2f} {rank.unknown:>8}  {rank.run}"
        )
    yield (
        f"on the {ranks[0].lines:,} lines without unknown tokens; unknown counts tokens of all lines. "
        "Generators have different tokens, so only the first column compares them."
    )
    if len({rank.lowercase for rank in ranks}) > 1:
        lower = ", ".join(rank.run for rank in ranks if rank.lowercase)
        yield f"lower-cased text is easier to predict, and these generators read it: {lower}"
