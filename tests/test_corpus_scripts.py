"""The scripts on real data, from start to end, on the project's own samples."""

import json

import numpy as np
import pretty_midi
import pytest

from tests.scripts import run

# Everything once, as --preset smoke does, with less of it. The paper's discriminator is large, and every
# token of a sequence is traced: `small` and short sequences, where they are not what is looked at.
SMALL_MLE = ("--preset", "smoke", "--mle-epochs", 1, "--batch-size", 16, "--no-xla")
SMALL_MLE += ("--eval-samples", 32, "--self-bleu-samples", 32, "--algorithm", "mle")
SMALL = (*SMALL_MLE, "--algorithm", "seqgan", "--rounds", 1, "--num-rollouts", 1)
SMALL += ("--pretrain-d-samples", 16, "--d-samples", 16, "--discriminator", "small")
POEM = "远水收残照，空山起暮钟。归人桥上立，独数两三峰。"


@pytest.fixture(autouse=True)
def without_data(monkeypatch):
    monkeypatch.delenv("SEQGAN_DATA", raising=False)


def finished(folder, task, algorithm="seqgan"):
    """What every run on a corpus leaves."""
    result = json.loads((folder / "result.json").read_text())
    assert result["task"] == task and result["complete"] is True
    metrics, data = result["metrics"], result["data"]
    for name in ("bleu_2", "bleu_5_test", "self_bleu_2", "nll_validation", "nll_test"):
        starts = [metrics[f"{name}_mle"]] if algorithm == "seqgan" else []
        assert np.isfinite([metrics[name], *starts]).all()
    assert len(data["split_hash"]) == 64
    assert "not the paper's data" in data["note"]
    assert min(data["train"], data["validation"], data["test"]) > 0
    assert 0 < data["real"]["bleu_2"] <= 1
    scores = np.load(folder / "scores" / "bleu_2.npy")
    np.testing.assert_allclose(scores.mean(), metrics["bleu_2"], rtol=1e-5)
    table = run("compare.py", folder)
    assert table.returncode == 0, table.stderr
    assert f"**{task.capitalize()}: " in table.stdout
    return result, table.stdout


def one_line(done, *parts):
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for part in parts:
        assert part in done.stderr


@pytest.mark.slow
def test_poems_are_written_as_poems(tmp_path):
    folder = tmp_path / "poems"
    done = run("train_poems.py", *SMALL, "--out", folder)
    assert done.returncode == 0, done.stderr
    _, table = finished(folder, "poems")
    poems = (folder / "samples.txt").read_text().strip().split("\n\n")
    assert len(poems) == 100
    for poem in poems:
        lines = poem.split("\n")
        assert [len(line) for line in lines] == [6, 6, 6, 6]
        assert "".join(line[-1] for line in lines) == "，。，。"
    assert "<" not in "".join(poems)  # no reserved token is ever written
    printed = run("sample.py", folder, "--num", 2, "--seed", 3).stdout
    assert len(printed.split("\n\n")[0].split("\n")) == 4
    assert run("sample.py", folder, "--num", 2, "--seed", 3).stdout == printed

    assert "**Poems: sample, preset smoke" in table
    assert "paper:" not in table  # whose data are others


@pytest.mark.slow
@pytest.mark.parametrize(("level", "algorithm"), [("word", "seqgan"), ("char", "mle")])
def test_text_of_ones_own_comes_back_as_text(tmp_path, level, algorithm):
    file, folder = tmp_path / "lines.txt", tmp_path / "text"
    words = ["the", "river", "runs", "by", "a", "town", "and", "we", "sing"]
    random = np.random.default_rng(0)
    lines = {" ".join(random.choice(words, random.integers(2, 5))) + "." for _ in range(300)}
    file.write_text("\n".join(sorted(lines)) + "\n")
    done = run(
        *("train_text.py", *(SMALL if algorithm == "seqgan" else SMALL_MLE), "--corpus", file),
        *("--level", level, "--max-length", 5 if level == "word" else 24, "--out", folder),
    )
    assert done.returncode == 0, done.stderr
    finished(folder, "text", algorithm)
    samples = (folder / "samples.txt").read_text().splitlines()
    assert len(samples) == 100 and len({len(line) for line in samples}) > 5
    assert set("".join(samples)) <= set("".join(lines))


@pytest.mark.slow
def test_speeches_are_written_as_sentences(tmp_path):
    folder = tmp_path / "speeches"
    done = run("train_speeches.py", *SMALL_MLE, "--max-length", 12, "--out", folder)
    assert done.returncode == 0, done.stderr
    finished(folder, "speeches", "mle")
    assert len((folder / "samples.txt").read_text().splitlines()) == 100


@pytest.mark.slow
def test_tunes_are_written_as_midi_and_audio(tmp_path):
    folder = tmp_path / "music"
    done = run("train_music.py", *SMALL, "--audio", "--out", folder)
    assert done.returncode == 0, done.stderr
    metrics = finished(folder, "music")[0]["metrics"]
    names = ("pitch_mse", "pitch_mse_nearest", "pitch_histogram_mse", "interval_histogram_mse")
    assert all(metrics[name] > 0 for name in names)
    assert len(list((folder / "samples").glob("*.mid"))) == 100
    assert len(list((folder / "samples").glob("*.wav"))) == 100
    tune = pretty_midi.PrettyMIDI(str(folder / "samples" / "001.mid"))
    np.testing.assert_allclose(tune.get_end_time(), 32 * 0.4, atol=0.01)

    assert run("sample.py", folder, "--num", 3, "--midi", tmp_path / "new").returncode == 0
    assert len(list((tmp_path / "new").iterdir())) == 3
    one_line(run("sample.py", folder, "--midi", tmp_path / "new"), "exists already")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "content", "arguments", "parts"),
    [
        ("train_poems.py", "", [], ["file"]),
        ("train_poems.py", POEM + "\n太短\n", [], ["line 2", "--skip-malformed"]),
        ("train_text.py", "", [], ["file"]),
        ("train_text.py", b"one two\nthree \xff four\n", [], ["0xff"]),
        ("train_text.py", "only one line\n", [], ["file"]),
        ("train_text.py", "one two three\nfour five six\n", ["--max-length", 2], ["--max-length"]),
        ("train_music.py", "no midi", [], ["file"]),
        ("train_speeches.py", None, ["--corpus", "/no/such/file"], ["/no/such/file"]),
        ("train_text.py", None, ["--corpus", "sample", "--level", "line"], ["--level"]),
    ],
)
def test_bad_corpora_are_one_line_and_exit_code_2(script, content, arguments, parts, tmp_path):
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        arguments = ["--corpus", file, *arguments]
    done = run(script, "--preset", "smoke", "--out", tmp_path / "run", *arguments)
    one_line(done, *parts)
    assert not list((tmp_path / "run").glob("*"))
