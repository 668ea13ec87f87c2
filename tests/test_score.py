"""`score.py`: figures equal to the training code's, what is unknown or left out, and rankings."""

import io
import json
import math
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from data.music_export import write_midi
from data.vocabulary import Vocabulary
from models.export import export_generator
from models.generator import Generator
from reports.scores import Score, compare
from score import main
from tests import exports
from tests.helpers import set_random_weights
from tests.scripts import run

pytestmark = pytest.mark.slow

LINES = "The river sings.\n\nthe lake runs and the lake sings\nthe river’s\n  \nrivers\n"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "lines.txt").write_text(LINES, encoding="utf-8")
    return tmp_path / "lines.txt"


def scored(kind, path):
    done = run("score.py", exports.export(kind), path, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("rows", [1, 1000])
def test_lines_score_as_in_training_and_unknown_words_are_reported(file, rows, monkeypatch):
    monkeypatch.setattr("reports.scores._ROWS", rows)
    saved = exports.VOCABULARIES["words"]
    vocabulary = Vocabulary.from_json(saved)
    generator = exports.generator("words")
    *lines, total = scored("words", file)
    assert [line["line"] for line in lines] == ["1", "4", "6"]  # blank ones and a long one not
    tokens = [["the", "river", "sings", "."], ["the", "river", "'s"], ["rivers"]]
    rows = vocabulary.encode_all(tokens, 6)
    nats = -generator.log_prob(rows).numpy()
    counted = generator.mask(rows).numpy().sum(axis=1)
    assert [line["num_tokens"] for line in lines] == counted.tolist() == [5, 4, 1]
    np.testing.assert_allclose([line["nats"] for line in lines], nats, atol=1e-5)
    np.testing.assert_allclose(
        [line["perplexity"] for line in lines], np.exp(nats / counted), rtol=1e-5
    )
    assert lines[2]["unknown"] == {"rivers": 1} == total["unknown"]
    assert total["left_out"] == {"of more than 6 tokens": 1}
    assert math.isclose(total["nats_per_token"], nats.sum() / 10, rel_tol=1e-5)


def test_the_table_has_the_same_figures(file):
    *lines, total = scored("words", file)
    printed = run("score.py", exports.export("words"), file).stdout.splitlines()
    assert printed[0].split() == ["line", "tokens", "unknown", "nats/token", "perplexity"]
    for row, line in zip(printed[1:5], [*lines, total], strict=True):
        expected = f"{line['nats_per_token']:.4f} {line['perplexity']:.2f}"
        assert row.split()[0] == line["line"] and row.split()[3:] == expected.split()
    assert printed[5] == ("unknown, not counted in the figures: 1 token, 1 different: rivers (1)")
    assert printed[6:] == ["left out: 1 line of more than 6 tokens"]


def test_standard_input_scores_as_a_file(file, monkeypatch):
    from_file = run("score.py", exports.export("words"), file)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LINES.encode()), "ascii"))
    piped = run("score.py", exports.export("words"), "-")
    assert piped.returncode == 0 and piped.stdout == from_file.stdout
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    empty = run("score.py", exports.export("words"), "-")
    assert empty.returncode == 2 and "standard input" in empty.stderr


def test_json_is_valid_whatever_standard_output_can_take(tmp_path, monkeypatch):
    (tmp_path / "lines").write_text("the café 😀\n", encoding="utf-8")
    for encoding in ("ascii", "cp1252", "utf-8"):
        out = io.BytesIO()
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out, encoding, write_through=True))
        main([str(exports.export("words")), str(tmp_path / "lines"), "--json"])
        line = json.loads(out.getvalue().decode(encoding).splitlines()[0])
        assert line["unknown"] == {"café": 1, "😀": 1}


def test_ids_poems_and_tunes(tmp_path):
    ids, poems, tune = tmp_path / "ids", tmp_path / "poems", tmp_path / "tune.mid"
    ids.write_text("1 2 3 5\n0 0 0 0\n1 2\n")
    line, other, total = scored("oracle", ids)
    nats = -exports.generator("oracle").log_prob([[1, 2, 3, 5], [0, 0, 0, 0]]).numpy()
    np.testing.assert_allclose([line["nats"], other["nats"]], nats, atol=1e-5)
    assert total["left_out"] == {"of fewer than 4 tokens": 1}

    poem = "春雨山水春，雨山水春雨。山水春雨山，水春雨山雪。"
    poems.write_text(poem, encoding="utf-8")
    line, _ = scored("poems", poems)
    rows = Vocabulary.from_json(exports.VOCABULARIES["poems"]).encode_all(
        [[character for character in poem if character not in "，。"]], 20
    )
    nats = -exports.generator("poems").log_prob(rows).numpy()
    np.testing.assert_allclose(line["nats"], nats[0], atol=1e-5)
    assert line["num_tokens"] == 19 and line["unknown"] == {"雪": 1}

    keys = np.array([40, 52, 30, 41, 50, 45, 47, 33, 20])
    write_midi(keys, tune)
    first, second, _ = scored("music", tune)
    nats = -exports.generator("music").log_prob(keys[:8].reshape(2, 4)).numpy()
    np.testing.assert_allclose([first["nats"], second["nats"]], nats, atol=1e-5)


def test_poems_are_scored_as_sample_writes_them(tmp_path):
    drawn = run("sample.py", exports.export("poems"), "--num", 3, "--json").stdout
    expected = [json.loads(line)["log_prob"] for line in drawn.splitlines()]
    written = run("sample.py", exports.export("poems"), "--num", 3).stdout
    one = "春雨山水春雨山水春雨山水春雨山水春雨山水\n"
    for blank, first in (
        (written, "1"),
        (written.replace("\n\n", "\n"), "1"),
        (one + written, "2"),
    ):
        (tmp_path / "poems").write_text(f"{blank}春雨\n", encoding="utf-8")
        *lines, total = scored("poems", tmp_path / "poems")
        assert [line["line"] for line in lines][-3] == first
        np.testing.assert_allclose([-line["nats"] for line in lines[-3:]], expected, atol=1e-4)
        assert total["left_out"] == {"of fewer than 20 tokens": 1}


def test_tunes_in_this_folder_are_scored_and_damaged_ones_listed(tmp_path):
    write_midi([40, 52, 30, 41], tmp_path / "tune.mid")
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    (tmp_path / "other.mid").write_bytes(b"MThd")
    done = run("score.py", exports.export("music"), ".", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    _, line, total, left_out = done.stdout.splitlines()
    assert line.startswith("tune.mid 1") and total.startswith("all")
    assert left_out.startswith("left out: 2 files: ")
    (tmp_path / "tune.mid").unlink()
    done = run("score.py", exports.export("music"), tmp_path)
    assert done.returncode == 2 and "can be scored (2 files: " in done.stderr


def test_a_table_is_scored_with_a_warning(tmp_path):
    (tmp_path / "table.csv").write_text("id,text\n1,the river\n")
    done = run("score.py", exports.export("words"), tmp_path / "table.csv")
    assert done.returncode == 0 and done.stderr.startswith(
        f"warning: {tmp_path / 'table.csv'} looks"
    )
    (said,) = done.stderr.splitlines()
    assert "like CSV, but its lines are scored as plain text" in said


def test_a_terminal_gets_no_control_characters(tmp_path, monkeypatch):
    (tmp_path / "lines").write_text("the river \x1b[2J\n")
    assert "\x1b (1)" in run("score.py", exports.export("words"), tmp_path / "lines").stdout

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("tests.scripts.io.StringIO", Terminal)
    assert "\x1b" not in run("score.py", exports.export("words"), tmp_path / "lines").stdout


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Of words too, with another vocabulary: it knows lakes and not what is not."""
    folder = tmp_path_factory.mktemp("other") / "generator"
    saved = exports.vocabulary_of("text", "word", ("river", "the", "lake", ".", "'s", "sings"))
    generator = set_random_weights(Generator(saved["size"], 5, 3, 3, **exports.TEXT), 3)
    export_generator(generator, folder, saved)
    return folder, generator, saved


def test_generators_are_ranked_on_the_lines_that_all_know(other, file):
    folder, generator, saved = other
    file.write_text("the river sings.\nthe lake sings\nthe river's\nthe river runs\n")
    done = run("score.py", exports.export("words"), file, "--compare", folder, "--json")
    ranks = {rank["run"]: rank for rank in map(json.loads, done.stdout.splitlines())}
    common = [
        ["the", "river", "sings", "."],
        ["the", "river", "'s"],
    ]  # the first line and the third
    characters = len("the river sings.") + len("the river's") + 2
    words = exports.VOCABULARIES["words"], exports.generator("words"), 6, exports.export("words")
    for vocabulary, model, length, path in ((saved, generator, 5, folder), words):
        rows = Vocabulary.from_json(vocabulary).encode_all(common, length)
        nats = -float(model.log_prob(rows).numpy().sum())
        rank = ranks[str(path)]
        assert math.isclose(rank["nats_per_character"], nats / characters, rel_tol=1e-5)
        assert (rank["lines"], rank["own_lines"], rank["unknown_tokens"]) == (2, 3, 1)
    order = [json.loads(line)["nats_per_character"] for line in done.stdout.splitlines()]
    assert order == sorted(order)

    printed = run("score.py", exports.export("words"), file, "--compare", folder).stdout
    assert printed.splitlines()[1].split()[-1] == json.loads(done.stdout.splitlines()[0])["run"]
    assert "on the 2 lines without unknown tokens" in printed


def test_what_cannot_be_scored_is_one_line(other, file, tmp_path):
    words, folder = exports.export("words"), other[0]
    (tmp_path / "ids").write_text("1 2 3 9\n")
    (tmp_path / "huge").write_text("1 2 3 0000000000009999999999\n")
    (tmp_path / "long").write_text("the " * 7)
    (tmp_path / "apart").write_text("the river runs\nthe lake\n")
    old = exports.write_old("words", tmp_path / "old")
    for arguments, said in (
        ((words,), "no FILE is given, expected RUN and FILE. Name both"),
        ((file, file), f"no exported generator in {file}: it is a file. Name the folder"),
        ((words, "."), ". is a folder, expected a text file in UTF-8"),
        ((words, tmp_path / "none"), "none does not exist, expected a text file in UTF-8"),
        ((tmp_path, file), f"there is no exported generator in {tmp_path}"),
        ((exports.export("oracle"), tmp_path / "ids"), "There is no id '9', expected ids from 0"),
        ((exports.export("oracle"), tmp_path / "huge"), "There is no id '0000000"),
        (
            (words, tmp_path / "long"),
            "no line that can be scored (1 line of more than 6 tokens), ex",
        ),
        (
            (words, tmp_path / "apart", "--compare", folder),
            "no line without unknown tokens for all",
        ),
        ((words, file, "--compare", exports.export("oracle")), "generators of different kinds"),
        ((old, file), "is from an older version and can only draw"),
    ):
        done = run("score.py", *arguments)
        assert done.returncode == 2, done.stdout
        lines = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
        assert len(lines) == 1 and lines[0].startswith("error: ") and said in lines[0], lines


def test_a_line_that_fills_the_length_of_one_generator_alone_is_left_out(other, tmp_path):
    """There the one of length 5 predicts five tokens, the one of length 6 an end too."""
    _, generator, saved = other
    long = tmp_path / "long"
    export_generator(generator, long, saved)
    full, short = "the river sings . .\n", "the river sings .\n"
    (tmp_path / "both").write_text(full + short)
    (tmp_path / "full").write_text(full)
    ranked = run(
        "score.py", exports.export("words"), tmp_path / "both", "--compare", long, "--json"
    )
    assert [json.loads(line)["lines"] for line in ranked.stdout.splitlines()] == [1, 1]
    done = run("score.py", exports.export("words"), tmp_path / "full", "--compare", long)
    assert done.returncode == 2 and "no line that ends for all generators" in done.stderr
    same = run("score.py", long, tmp_path / "both", "--compare", long, "--json")
    ranks = [json.loads(line) for line in same.stdout.splitlines()]
    assert [rank["lines"] for rank in ranks] == [2, 2]
    characters = len(full.strip()) + len(short.strip()) + 1
    rows = Vocabulary.from_json(saved).encode_all([line.split() for line in (full, short)], 5)
    nats = -float(generator.log_prob(rows).numpy().sum())
    assert math.isclose(ranks[0]["nats_per_character"], nats / characters, rel_tol=1e-5)


def test_without_an_end_a_token_is_a_character(tmp_path):
    """Of ids and tunes: nats per character are nats per token."""
    (tmp_path / "ids").write_text("1 2 3 5\n5 3 2 1\n")
    oracle = exports.export("oracle")
    done = run("score.py", oracle, tmp_path / "ids", "--compare", oracle, "--json")
    rank = json.loads(done.stdout.splitlines()[0])
    assert math.isclose(rank["nats_per_character"], rank["nats_per_token"], rel_tol=1e-9)


def test_ranks_are_by_characters_whatever_a_token_is(tmp_path):
    """Ten characters: 8 nats for one whose 4 tokens are words, and 9 for one of 10 letters."""

    class Known:
        """A scorer of one line that all know, and one of which it does not know some tokens."""

        writes, codec = "text", SimpleNamespace(lowercase=False)

        def __init__(self, run, nats, num_tokens, unknown):
            self.run, self.of, self.unknown = run, (nats, num_tokens, 10), Counter(unknown)

        def scores(self, path):
            yield Score("1", *self.of)
            yield Score("2", 3.0, 3, 7, self.unknown)
            yield Score("all", 0.0, 0, 0, self.unknown)

    words = Known("words", 8.0, 4, {"a": 3, "b": 1})
    letters = Known("letters", 9.0, 10, {"c": 2})
    first, second = compare([letters, words], tmp_path)
    assert (first.run, second.run) == ("words", "letters")
    assert (first.nats_per_character, second.nats_per_character) == (0.8, 0.9)
    assert (first.score.nats_per_token, second.score.nats_per_token) == (2.0, 0.9)
    assert (first.unknown, second.unknown) == (4, 2)
    assert (first.lines, first.own_lines) == (1, 1)
