"""`sample.py`: what its flags draw, in one process on tiny exports, and the one line where they cannot."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

import sample
from data.line_codec import LineCodec
from data.music_export import write_midi
from files.errors import UsageError
from files.writing import write_json
from models.manifest import write_manifest
from tests import exports
from tests.scripts import run
from training.sample_settings import SampleSettings

pytestmark = pytest.mark.slow


def lines(kind, *flags):
    done = run("sample.py", exports.export(kind), *flags)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def ids(kind, *flags):
    return np.array([[int(token) for token in line.split()] for line in lines(kind, *flags)])


def test_a_seed_gives_the_sequences_that_it_always_gave():
    generator = exports.generator("oracle")
    np.testing.assert_array_equal(ids("oracle", "--num", 5), generator.sample(5, (1, 0)))
    drawn = ids("oracle", "--num", 5, "--seed", 3, "--temperature", 0.5)
    np.testing.assert_array_equal(drawn, generator.sample(5, (3, 0), 0.5))


def test_many_are_drawn_in_chunks_that_begin_as_few_do(monkeypatch):
    monkeypatch.setattr("models.exported.CHUNK", 4)
    drawn, generator = ids("oracle", "--num", 10), exports.generator("oracle")
    expected = [generator.sample(num, (1, stream)) for stream, num in enumerate((4, 4, 2))]
    np.testing.assert_array_equal(drawn, np.concatenate(expected))
    assert (drawn[:4] != drawn[4:8]).any()


def test_candidates_and_searches_are_drawn_in_chunks_too(monkeypatch):
    """Of ten sequences at a time, those that are not chosen included; each chunk with its own stream."""
    monkeypatch.setattr("models.exported.CHUNK", 10)
    asked = []
    exported = SimpleNamespace(
        sample=lambda num, seed, temperature, stream, prefix, **more: asked.append((num, stream)),
        tree_search=lambda num, *_, stream, prefix: asked.append((num, stream)),
        temperature=1.0,
    )
    for flags, expected in (
        ({"num": 7, "candidates": 3}, [(3, 0), (3, 1), (1, 2)]),
        ({"num": 2, "candidates": 99}, [(1, 0), (1, 1)]),
        ({"num": 23, "simulations": 5}, [(10, 0), (10, 1), (3, 2)]),
    ):
        list(sample.sequences_of(SampleSettings(**flags), exported, None))
        assert asked == expected
        asked.clear()


def test_truncation():
    likeliest = ids("oracle", "--num", 3, "--top-k", 1)
    np.testing.assert_array_equal(likeliest, ids("oracle", "--greedy").repeat(3, axis=0))
    np.testing.assert_array_equal(likeliest, ids("oracle", "--num", 3, "--top-p", 0.001))


def test_a_prefix_of_each_kind(tmp_path):
    assert (ids("oracle", "--prefix", "3 5")[:, :2] == [3, 5]).all()
    for line in lines("words", "--prefix", "The river’s  runs", "--prefix-length", 3):
        assert line.startswith("the river's")
    assert all(line.startswith("Té") for line in lines("characters", "--prefix", "Te\u0301"))
    poems = "\n".join(lines("poems", "--prefix", "春雨山水春，雨", "--num", 3)).split("\n\n")
    assert [poem.startswith("春雨山水春，\n雨") for poem in poems] == [True] * 3
    write_midi([40, 40, 52, 30, 20], tmp_path / "tune.mid")
    drawn = ids("music", "--prefix", tmp_path / "tune.mid", "--prefix-length", 3)
    assert (drawn[:, :3] == [40, 40, 52]).all() and drawn.shape == (10, 4)


def test_candidates_are_resampled():
    given = ("--candidates", 5, "--candidate-temperature", 1)
    drawn = [json.loads(line)["tokens"] for line in lines("words", "--json", *given)]
    loaded = exports.loaded("words")
    expected = loaded.sample(10, [1, 0], candidates=5, candidate_temperature=1.0)
    np.testing.assert_array_equal(drawn, expected)
    assert (expected.numpy() != loaded.sample(10, [1, 0], candidates=5).numpy()).any()


def test_candidates_are_chosen_by_the_discriminator():
    drawn = [json.loads(line)["tokens"] for line in lines("words", "--json", "--candidates", 5)]
    loaded = exports.loaded("words")
    np.testing.assert_array_equal(drawn, loaded.sample(10, [1, 0], candidates=5))


def test_a_critic_guides_and_searches(tmp_path):
    loaded, prefix = exports.loaded("music"), np.tile(np.int32([40, 52]), [10, 1])
    drawn = [json.loads(line)["tokens"] for line in lines("music", "--json", "--guidance", 2)]
    np.testing.assert_array_equal(drawn, loaded.sample(10, [1, 0], guidance=2.0))
    found = lines("music", "--json", "--simulations", 9, "--exploration", 2, "--temperature", 0.5)
    expected = loaded.tree_search(np.zeros([10, 0]), [0] * 10, [1, 0], 9, 0.5, 2.0)
    np.testing.assert_array_equal([json.loads(line)["tokens"] for line in found], expected)
    write_midi([40, 52], tmp_path / "tune.mid")
    found = lines("music", "--json", "--simulations", 9, "--prefix", tmp_path / "tune.mid")
    expected = loaded.tree_search(prefix, [2] * 10, [1, 0], 9)
    np.testing.assert_array_equal([json.loads(line)["tokens"] for line in found], expected)


def test_json_has_ids_text_and_likelihood():
    drawn = [json.loads(line) for line in lines("words", "--json", "--num", 4)]
    tokens = np.array([value["tokens"] for value in drawn])
    nats = exports.generator("words").log_prob(tokens)
    np.testing.assert_allclose([value["log_prob"] for value in drawn], nats, atol=1e-5)
    assert [value["text"] for value in drawn] == lines("words", "--num", 4)
    counted = exports.generator("words").mask(tokens).numpy().sum(axis=1)
    assert [value["num_tokens"] for value in drawn] == counted.tolist()


def test_a_beam_prints_the_likeliest_first():
    found = [json.loads(line) for line in lines("oracle", "--beam", 6, "--json")]
    nats = [value["log_prob"] for value in found]
    assert len(found) == 6 and nats == sorted(nats, reverse=True)
    assert (ids("oracle", "--beam", 4, "--prefix", "2")[:, 0] == 2).all()


def test_a_file_is_written_instead(tmp_path):
    done = run("sample.py", exports.export("oracle"), "--out", tmp_path / "new.txt")
    assert done.returncode == 0 and done.stdout == ""
    assert (tmp_path / "new.txt").read_text().splitlines() == lines("oracle")
    again = run("sample.py", exports.export("oracle"), "--out", tmp_path / "new.txt")
    assert again.returncode == 2 and "exists already. Give a new file." in again.stderr


def test_files_of_others_are_not_overwritten(tmp_path, monkeypatch):
    (tmp_path / "writing-new.txt").write_text("mine")
    assert run("sample.py", exports.export("oracle"), "--out", tmp_path / "new.txt").returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"writing-new.txt", "new.txt"}
    assert (tmp_path / "writing-new.txt").read_text() == "mine"

    def meanwhile(sequences, codec, scorer):
        (tmp_path / "later.txt").write_text("mine")
        yield "drawn"

    monkeypatch.setattr(sample, "lines_of", meanwhile)
    with pytest.raises(UsageError, match=r"later\.txt, which exists already"):
        sample.main([str(exports.export("oracle")), "--out", str(tmp_path / "later.txt")])
    assert (tmp_path / "later.txt").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 3


def test_nothing_is_left_where_the_drawing_fails(tmp_path, monkeypatch):
    def fail(sequences, codec, scorer):
        yield "half"
        raise ValueError

    monkeypatch.setattr(sample, "lines_of", fail)
    with pytest.raises(ValueError):
        sample.main([str(exports.export("oracle")), "--out", str(tmp_path / "new.txt")])
    assert list(tmp_path.iterdir()) == []


def test_an_older_export_draws_what_it_drew_and_says_what_it_cannot(tmp_path):
    folder = exports.write_old("words", tmp_path / "run")
    done = run("sample.py", folder, "--num", 4, "--seed", 2, "--temperature", 0.7)
    codec = LineCodec(exports.VOCABULARIES["words"])
    drawn = exports.generator("words").sample(4, (2, 0), 0.7).numpy()
    assert done.stdout.splitlines() == [codec.text(row) for row in drawn]
    for flags in (("--prefix", "the"), ("--top-k", 2), ("--greedy",), ("--json",)):
        done = run("sample.py", folder, *flags)
        assert done.returncode == 2 and "warning" in done.stderr.splitlines()[0]
        (said,) = done.stderr.splitlines()[1:]
        assert "is from an older version and can only draw" in said and "Export it again" in said


@pytest.mark.parametrize(
    ("kind", "flags", "said"),
    [
        ("words", ["--prefix", "the lake and the sea"], "--prefix holds 'lake', 'sea', which the"),
        ("words", ["--prefix", ""], "--prefix holds no token, expected at least one. Give some"),
        ("poems", ["--prefix", "，。 "], "--prefix holds no token, expected"),
        ("oracle", ["--prefix", "1 2 3 4"], "--prefix has 4 tokens, expected at most 3, since"),
        ("oracle", ["--prefix", "1 6"], "There is no id '6', expected ids from 0 to 5, separated"),
        ("oracle", ["--prefix", "one"], "There is no id 'one', expected ids from 0 to 5"),
        ("oracle", ["--prefix", "9" * 5000], "There is no id '9999"),
        (
            "music",
            ["--prefix", "0"],
            "--prefix holds the id 0, expected ids that others can follow",
        ),
        ("music", ["--prefix", "no.mid"], "--prefix is 'no.mid', expected keys from 1 to 88 sep"),
        ("words", ["--prefix", "None"], "--prefix holds 'none', which the generator does not know"),
        ("oracle", ["--top-p", 0], "--top-p is 0.0, expected a number above 0 and at most 1. Give"),
        ("oracle", ["--top-p", 2], "--top-p is 2.0, expected"),
        ("oracle", ["--top-p", "nan"], "--top-p is nan, expected"),
        ("oracle", ["--top-k", -1], "--top-k is -1, expected a number from 0"),
        ("words", ["--candidate-temperature", 1], "with one candidate, expected several"),
        (
            "words",
            ["--candidates", 2, "--candidate-temperature", -1],
            "--candidate-temperature is -1.0, expected a number from 0",
        ),
        ("oracle", ["--candidates", 0], "--candidates is 0, expected a number from 1 to 10,000"),
        ("oracle", ["--candidates", 2], "`candidates` is 2, expected 1, since this export has no"),
        (
            "oracle",
            ["--guidance", 1],
            "`guidance` is 1, expected 0, since this export has no critic",
        ),
        (
            "oracle",
            ["--simulations", 4],
            "has no critic to search with, expected a run with --disc",
        ),
        ("music", ["--simulations", -1], "--simulations is -1, expected a number from 0 to 10,000"),
        (
            "music",
            ["--simulations", 4, "--top-k", 2],
            "Leave out --top-k, --top-p, --candidates and",
        ),
        ("music", ["--simulations", 4, "--greedy"], "--greedy and --beam search and draw nothing"),
        ("music", ["--exploration", 1], "--exploration is 1.0 without a search, expected --simul"),
        (
            "music",
            ["--simulations", 4, "--exploration", -1],
            "--exploration is -1.0, expected a number from 0 to 1e6",
        ),
        ("oracle", ["--beam", -1], "--beam is -1, expected a number from 0"),
        ("oracle", ["--greedy", "--top-k", 2], "--greedy and --beam search and draw nothing"),
        ("oracle", ["--greedy", "--beam", 2], "Expected one of them alone. Leave out the other"),
        ("oracle", ["--greedy", "--num", 50], "--greedy finds 1 sequence"),
        ("oracle", ["--beam", 3, "--num", 50], "--beam N at most N"),
        ("oracle", ["--beam", 3, "--seed", 9], "Leave out the other, --num, --seed,"),
        ("oracle", ["--prefix-length", 2], "--prefix-length is 2, expected a number of tokens"),
        ("oracle", ["--midi", "new"], "--midi needs a generator of tunes"),
        (
            "music",
            ["--midi", "new", "--json"],
            "--midi writes MIDI files instead. Leave out --json",
        ),
    ],
)
def test_what_cannot_work_is_one_line(kind, flags, said):
    done = run("sample.py", exports.export(kind), *flags)
    assert done.returncode == 2, done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ") and said in line, line


def test_facts_that_are_none_are_refused(tmp_path):
    folder = exports.copy_of("oracle", tmp_path / "run") / "generator"
    (folder / "assets.extra" / "manifest.json").unlink()
    path = folder / "assets" / "vocabulary.json"
    saved = json.loads(path.read_text())
    for key, value in (("max_length", "4"), ("start_token", 6), ("blocked_tokens", None)):
        facts = {**saved["generator"], key: value}
        path.write_text(json.dumps({**saved, "generator": facts}))
        done = run("sample.py", folder, "--prefix", "1")
        assert done.returncode == 2 and "has no valid facts of its generator" in done.stderr


def test_the_temperature_found_in_training_is_the_default(tmp_path):
    folder = tmp_path / "generator"
    shutil.copytree(exports.export("oracle"), folder)
    path = folder / "assets" / "vocabulary.json"
    write_json(path, {**json.loads(path.read_text()), "temperature": 2.5})
    write_manifest(folder)
    by_default = run("sample.py", folder)
    assert by_default.returncode == 0, by_default.stderr
    assert by_default.stderr == "temperature 2.5, tuned in training\n"
    given = run("sample.py", folder, "--temperature", 2.5)
    assert given.stdout == by_default.stdout and given.stderr == ""
    assert run("sample.py", folder, "--temperature", 1).stdout != given.stdout

    write_json(path, {**json.loads(path.read_text()), "temperature": "hot"})
    write_manifest(folder)
    wrong = run("sample.py", folder)
    assert wrong.returncode == 2 and "temperature 'hot'" in wrong.stderr
