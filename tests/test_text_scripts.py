"""The scripts on text: which corpus and which T a run gets, and the smallest corpora that train."""

import json
import os
import re

import numpy as np
import pytest

import train_speeches
import train_text
from files.errors import UsageError
from tests.scripts import run
from training import script
from training.flags import parse
from training.presets import SPEECH_PRESETS, TEXT_PRESETS

# Every measure, of as little as the smallest corpora allow.
SMALLEST = ("--preset", "smoke", "--algorithm", "mle", "--mle-epochs", 1, "--batch-size", 2)
SMALLEST += ("--no-xla",)
SMALLEST += ("--eval-samples", 8, "--final-samples", 8, "--self-bleu-samples", 8)


@pytest.mark.parametrize(
    ("arguments", "length"),
    [
        ([], 20),
        (["--corpus", "news"], 50),
        (["--corpus=news"], 50),
        (["--corpus", "news", "--preset", "smoke"], 50),
        (["--corpus", "news", "--max-length", "30"], 30),
        (["--corpus", "coco"], 20),
        (["--corpus", "my/news"], 20),
    ],
)
def test_a_published_corpus_has_its_own_length(arguments, length):
    assert parse(train_text.presets(arguments), arguments).max_length == length


def test_a_flag_without_its_value_is_an_error_of_use():
    with pytest.raises(UsageError, match="--corpus"):
        parse(train_text.presets(["--corpus"]), ["--corpus"])
    assert train_text.presets([]) == TEXT_PRESETS


def test_a_run_is_named_after_the_speeches_that_can_be_had(monkeypatch):
    monkeypatch.setattr("data.speeches.available", lambda corpus: f"other {corpus}")
    settled = train_speeches.settle(SPEECH_PRESETS["quick"])
    assert settled.corpus == "other speeches"


@pytest.mark.parametrize(
    ("resume", "said"), [([], "settled"), (["--resume", "--out", "run"], "no run")]
)
def test_the_corpus_of_a_run_that_goes_on_is_not_chosen_again(
    resume, said, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)

    def settle(settings):
        raise UsageError("settled")

    with pytest.raises(SystemExit):
        script.run_script("speeches", SPEECH_PRESETS, None, resume, settle=settle)
    assert said in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("num", [5, 6])
def test_the_smallest_text_trains_to_the_end(tmp_path, num):
    file, folder = tmp_path / os.fsdecode(b"caf\xe9.txt"), tmp_path / "run"
    words = ["the", "river", "runs", "by", "a", "town"]
    lines = [" ".join(words[(k + j) % 6] for j in range(3 + k // 6)) for k in range(num)]
    file.write_text("".join(f"{line}\n" for line in lines))
    done = run("train_text.py", *SMALLEST, "--corpus", file, "--out", folder)
    if num < 6:
        assert done.returncode == 2 and not folder.joinpath("config.json").exists()
        assert "expected at least 6 different sequences" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    result = json.loads((folder / "result.json").read_text())
    assert np.isfinite([result["metrics"]["self_bleu_2"], result["metrics"]["bleu_2_test"]]).all()
    assert result["data"]["file"] == file.name


@pytest.mark.slow
def test_the_fewest_poems_train_to_the_end(tmp_path):
    file, folder = tmp_path / "poems.txt", tmp_path / "run"
    digits = str.maketrans("0123456789", "一二三四五六七八九十")
    file.write_text("".join(f"{k:020d}\n".translate(digits) for k in range(6)), encoding="utf-8")
    done = run("train_poems.py", *SMALLEST, "--corpus", file, "--out", folder)
    assert done.returncode == 0, done.stderr
    data = json.loads((folder / "result.json").read_text())["data"]
    assert [data["train"], data["validation"], data["test"]] == [2, 2, 2]


@pytest.mark.slow
def test_the_demo_ends_in_words(tmp_path):
    """`make demo` at a small size, and once more as it is resumed."""
    flags = ["--preset", "demo", "--out", tmp_path / "demo"]
    small = ["--mle-epochs", 1, "--rounds", 1, "--hidden-dim", 16, "--embedding-dim", 16]
    small += ["--num-rollouts", 1, "--eval-samples", 50, "--final-samples", 50, "--no-xla"]
    small += ["--pretrain-d-samples", 64, "--d-samples", 64, "--temperatures", 1]
    small += ["--discriminator", "small", "--verdict-samples", 16, "--self-bleu-samples", 16]
    done = run("train_text.py", *flags, *small)
    assert done.returncode == 0, done.stderr
    assert "data: python (topics.py)" in done.stderr + done.stdout
    again = run("train_text.py", *flags, *small, "--resume")
    assert again.returncode == 0 and "is complete" in again.stdout + again.stderr
    lines = run("sample.py", tmp_path / "demo", "--num", 10, "--temperature", 0.6).stdout
    assert len(lines.splitlines()) == 10
    assert len(re.findall(r"\b[a-z]+ [a-z]+\b", lines)) > 10  # words, where other demos have ids
