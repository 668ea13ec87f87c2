"""Runs as sources: real texts are those that no generator has seen, and other data are refused."""

import json

import numpy as np
import pytest

from data.vocabulary import UNKNOWN
from files.errors import UserError
from judging.runs import build_study, check_same_runs, draw_real, read_run, read_runs
from judging.study import REAL, tune_keys
from models.manifest import write_manifest
from tests.judging.run_folders import change, fake_generators, write_corpus, write_run
from training.task_corpora import load_corpus


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "tales.txt")


@pytest.fixture
def run(tmp_path, corpus):
    return write_run(tmp_path / "run", corpus=str(corpus))


def study_of(folders, num=5, seed=1, corpus=None):
    runs = read_runs(folders)
    real, _ = draw_real(runs[0], num, seed, corpus)
    return build_study(runs, real, seed)


def contents(study, source):
    return [item.content for item in study.items if item.source == source]


def refused(call, *parts):
    with pytest.raises(UserError) as caught:
        call()
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    for part in parts:
        assert part in message


def test_real_texts_are_lines_that_were_held_out(run, corpus, monkeypatch):
    fake_generators(monkeypatch)
    study = study_of([run], num=20)
    assert [source.name for source in study.sources] == [REAL, "run"]
    real = contents(study, 0)
    assert len(set(real)) == 20 and set(real) <= set(corpus.read_text().splitlines())
    split = load_corpus(read_run(run).settings)
    seen = {" ".join(split.vocabulary.decode(row)) for row in split.train}
    assert len(seen) == 170 and not seen & set(real)


def test_real_texts_with_unknown_words_are_left_out(tmp_path, monkeypatch):
    corpus = write_corpus(tmp_path / "odd.txt", num=100, odd=100)
    run = write_run(tmp_path / "run", corpus=str(corpus))
    split = load_corpus(read_run(run).settings)
    odd = int((split.test == UNKNOWN).any(axis=1).sum())
    assert 3 < odd < 17
    real, left_out = draw_real(read_run(run), 20 - odd, 1)
    assert left_out == odd and (real != UNKNOWN).all()
    refused(lambda: draw_real(read_run(run), 20, 1), f"({odd} have some)", f"--num {20 - odd}")
    fake_generators(monkeypatch)
    assert "<unk>" not in "".join(contents(study_of([run], num=3), 0))


def test_draws_are_those_of_the_seed(run, monkeypatch):
    fake_generators(monkeypatch)
    one, same, other = (study_of([run], seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert set(contents(one, 0)) != set(contents(other, 0))
    assert set(contents(one, 1)) != set(contents(other, 1))


def test_equal_generators_write_different_texts(tmp_path, corpus, monkeypatch):
    """The fake ones are equal, as SeqGAN and its own MLE start nearly are."""
    fake_generators(monkeypatch)
    folders = [write_run(tmp_path / name, corpus=str(corpus)) for name in ("start", "end")]
    study, again = study_of(folders), study_of(folders)
    assert not set(contents(study, 1)) & set(contents(study, 2))
    assert study == again
    assert set(contents(study_of(folders[:1]), 1)) == set(contents(study, 1))


def test_several_runs_have_as_many_items_each(tmp_path, corpus, monkeypatch):
    fake_generators(monkeypatch)
    folders = [
        write_run(tmp_path / name, algorithm=algorithm, corpus=str(corpus))
        for name, algorithm in (("a", "mle"), ("bb", "seqgan"))
    ]
    study = study_of(folders, num=4)
    assert [(source.name, source.kind) for source in study.sources] == [
        (REAL, REAL),
        ("a", "mle"),
        ("bb", "seqgan"),
    ]
    assert [len(contents(study, source)) for source in range(3)] == [4, 4, 4]
    assert set(contents(study, 1)) != set(contents(study, 2))


def test_runs_of_equal_names_are_told_apart_by_their_folders(tmp_path, corpus, monkeypatch):
    fake_generators(monkeypatch)
    folders = [write_run(tmp_path / each / "run", corpus=str(corpus)) for each in ("a", "b")]
    (folders[1] / "generator" / "saved_model.pb").write_bytes(b"another one")
    write_manifest(folders[1] / "generator")
    names = [source.name for source in study_of(folders).sources]
    assert names == [REAL, *map(str, folders)]


def test_poems_have_four_lines(tmp_path, monkeypatch):
    fake_generators(monkeypatch)
    study = study_of([write_run(tmp_path / "poems", "poems", corpus="sample")], num=3)
    for item in study.items:
        lines = item.content.split("\n")
        assert [len(line) for line in lines] == [6] * 4
        assert "".join(line[-1] for line in lines) == "，。，。"


def test_tunes_are_keys(tmp_path, monkeypatch):
    fake_generators(monkeypatch, length=32)
    run = write_run(tmp_path / "tunes", "music", corpus="sample")
    study = study_of([run], num=3)
    held_out = load_corpus(read_run(run).settings).test.tolist()
    real = [tune_keys(content) for content in contents(study, 0)]
    assert all(keys in held_out for keys in real)
    assert all(len(tune_keys(content)) == 32 for content in contents(study, 1))


@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (lambda run: (run / "generator" / "saved_model.pb").unlink(), ["--resume"]),
        (lambda run: (run / "config.json").unlink(), ["has no config.json"]),
        (lambda run: (run / "result.json").unlink(), ["has no result.json"]),
        (lambda run: (run / "config.json").write_text("{"), ["config.json", "JSON"]),
        (lambda run: (run / "config.json").write_text("[]"), ["does not say"]),
        (lambda run: change(run / "config.json", task="essays"), ["does not say"]),
        (lambda run: change(run / "config.json", inputs=None), ["does not say"]),
        (lambda run: change(run / "config.json", settings={"seed": "x"}), ["settings of a run"]),
        (lambda run: change(run / "result.json", data={}), ["does not say"]),
        (
            lambda run: (run / "generator" / "saved_model.pb").write_bytes(b"other"),
            ["is damaged", "was altered"],
        ),
    ],
)
def test_runs_that_cannot_be_used_are_one_line(run, spoil, parts):
    spoil(run)
    refused(lambda: read_runs([run]), *parts)


def test_the_oracles_numbers_are_nothing_for_people(tmp_path):
    run = write_run(tmp_path / "oracle", "oracle")
    refused(lambda: read_run(run), "numbers that nobody can judge", "train_poems.py")


def test_runs_on_different_data_are_not_mixed(tmp_path, run, corpus):
    other = write_run(tmp_path / "other", corpus=str(corpus), split_seed=5)
    refused(lambda: read_runs([run, other]), "other learned from other data", "in a separate test")
    words = write_run(tmp_path / "few-words", corpus=str(corpus), max_vocab=10)
    refused(lambda: read_runs([run, words]), "vocabulary")
    poems = write_run(tmp_path / "poems", "poems", corpus="sample")
    refused(lambda: read_runs([run, poems]), "poems and text")
    refused(lambda: read_runs([run, run]), "Name it once")


def test_runs_with_different_sampling_temperatures_are_judged_in_one_test(tmp_path, run, corpus):
    tuned = write_run(tmp_path / "tuned", corpus=str(corpus))
    for folder, temperature in ((run, 1.0), (tuned, 0.9)):
        facts = {"lowercase": False, "temperature": temperature, "generator": {"max_length": 20}}
        change(folder / "generator" / "assets" / "vocabulary.json", **facts)
        write_manifest(folder / "generator")
    assert [each.folder for each in read_runs([run, tuned])] == [run, tuned]


def test_a_corpus_that_has_changed_is_refused(run, corpus):
    corpus.write_text(corpus.read_text() + "one line more\n")
    refused(lambda: draw_real(read_run(run), 5, 1), "the corpus has changed")


def test_a_split_that_has_changed_is_refused(run):
    result = json.loads((run / "result.json").read_text())
    change(run / "result.json", data={**result["data"], "split_hash": "0" * 64})
    refused(lambda: draw_real(read_run(run), 5, 1), "splits it in another way")


def test_a_corpus_that_has_gone_is_refused_and_may_be_elsewhere(tmp_path, run, corpus):
    here = draw_real(read_run(run), 5, 1)[0]
    moved = corpus.rename(tmp_path / "moved.txt")
    refused(lambda: draw_real(read_run(run), 5, 1), "tales.txt, which is not here", "--corpus")
    np.testing.assert_array_equal(draw_real(read_run(run), 5, 1, str(moved))[0], here)
    refused(lambda: draw_real(read_run(run), 5, 1, "sample"), "has changed")


@pytest.mark.parametrize("name", ["coco", "news"])
def test_a_published_corpus_is_not_downloaded_to_judge(run, name, tmp_path, monkeypatch):
    monkeypatch.setenv("SEQGAN_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("data.download._download", lambda *_: pytest.fail("it was asked for"))
    refused(lambda: draw_real(read_run(run), 5, 1, name), f"{name}, which is not here")


def test_too_few_real_texts_are_refused(run):
    refused(lambda: draw_real(read_run(run), 21, 1), "has 20 sequences", "--num 20 or less")


def test_a_test_goes_on_with_its_own_runs_alone(tmp_path, run, corpus, monkeypatch):
    fake_generators(monkeypatch)
    study = study_of([run])
    path = tmp_path / "judge.sqlite"
    copied = run.rename(tmp_path / "elsewhere")
    check_same_runs(study, read_runs([copied]), path)  # the same generator
    other = write_run(tmp_path / "other", corpus=str(corpus))
    for folders in ([other], [copied, other]):
        refused(lambda f=folders: check_same_runs(study, read_runs(f), path), "other runs", "--db")


@pytest.mark.slow
def test_a_generator_is_drawn_from(tmp_path):
    """The one test with TensorFlow: an export of a small generator, which has learned nothing."""
    from models.export import export_generator
    from tests.helpers import tiny_generator

    run = write_run(tmp_path / "poems", "poems", corpus="sample")
    vocabulary = json.loads((run / "generator" / "assets" / "vocabulary.json").read_text())
    generator = tiny_generator(vocabulary["size"], 20, blocked_tokens=(0, 1, 2), pad_token=0)
    folder = tmp_path / "exported"
    export_generator(generator, folder, vocabulary)
    (run / "generator").rename(tmp_path / "fake")
    folder.rename(run / "generator")
    one, same = study_of([run], num=3), study_of([run], num=3)
    assert one == same and len(contents(one, 1)) == 3
    known = set(vocabulary["tokens"]) | set("，。\n")
    assert set("".join(contents(one, 1))) <= known


def test_a_run_in_a_folder_called_real_is_not_taken_for_real_texts(tmp_path, corpus, monkeypatch):
    fake_generators(monkeypatch)
    folder = write_run(tmp_path / "real", corpus=str(corpus))
    assert [source.name for source in study_of([folder]).sources] == [REAL, str(folder)]
