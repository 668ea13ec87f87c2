"""Cross-fitting of discriminators at a tiny size: who is trained on what, and what the table has."""

import json

import numpy as np
import pytest
import tensorflow as tf

from experiments import cross_fitting as module
from files.errors import UsageError
from tests.helpers import REPOSITORY
from tests.scripts import run

GIVEN = module.CrossFittingSettings(folds=2, sets=4, patience=4, samples=50)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """An MLE run on the first sentences of the sample."""
    folder = tmp_path_factory.mktemp("cross-fitting")
    sample = (REPOSITORY / "data/samples/speech.txt").read_text(encoding="utf-8")
    corpus = folder / "sentences.txt"
    corpus.write_text("\n".join(sample.splitlines()[:120]) + "\n", encoding="utf-8")
    flags = ["--preset=smoke", "--algorithm=mle", "--no-xla", "--embedding-dim=4", "--hidden-dim=4"]
    flags += [
        "--level=char",
        "--corpus",
        corpus,
        "--max-length=8",
        "--batch-size=16",
        "--eval-samples=20",
    ]
    done = run("train_text.py", *flags, "--truncate", "--out", folder / "mle")
    assert done.returncode == 0, done.stderr
    return folder / "mle"


@pytest.mark.slow
def test_each_fold_has_a_generator_that_did_not_see_it(finished, monkeypatch):
    made = module.Folds(finished, GIVEN)
    train = made.corpus.train
    assert sorted(np.concatenate(made.folds)) == list(range(len(train)))

    seen = {}

    def look(name):
        def record(steps, real, *more):
            seen[name] = real.numpy(), steps.generator

        return record

    monkeypatch.setattr("training.pretrain.pretrain_generator", look("generator"))
    monkeypatch.setattr("training.pretrain.pretrain_discriminator", look("discriminator"))
    for fold in made.folds:
        generator = made.generator_without(fold)
        made.discriminator(generator, fold)
        of_generator, of_discriminator = seen["generator"][0], seen["discriminator"][0]
        assert np.array_equal(of_discriminator, train[fold])
        assert np.array_equal(
            np.sort(np.concatenate([of_generator, train[fold]]), axis=0), np.sort(train, axis=0)
        )
        assert seen["discriminator"][1] is generator is seen["generator"][1]
        assert generator is not made.generator


class Likes:
    """A discriminator with a logit of its own for sequences that begin with a token."""

    def __init__(self, *logits):
        self._logits = logits

    def logits(self, tokens):
        return sum(
            logit * tf.cast(tf.equal(tokens[:, 0], token), tf.float32)
            for token, logit in self._logits
        )


@pytest.mark.slow
def test_several_discriminators_judge_by_the_mean_of_their_logits(finished):
    made = module.Folds(finished, GIVEN)
    several = made.verdicts([Likes((3, 1.0)), Likes((4, -2.0))])
    assert several == made.verdicts([Likes((3, 0.5), (4, -1.0))])
    assert several != made.verdicts([Likes((3, 1.0), (4, -2.0))])
    assert set(several) == {"validation", "test"}


@pytest.mark.slow
def test_all_of_it_at_a_tiny_size(finished, tmp_path, capsys):
    page, out = tmp_path / "page.md", tmp_path / "figures.json"
    mark = "cross-fitting table"
    page.write_text(f"<!-- {mark}: made by experiments.cross_fitting -->\n<!-- end of {mark} -->\n")
    sizes = ["--folds=2", "--sets=4", "--patience=4", "--samples=50", "--discriminator=small"]
    module.main([str(finished), *sizes, "--json", str(out), "--write", str(page)])
    (row,) = json.loads(out.read_text())["rows"]
    assert (row["folds"], row["discriminator"]) == (2, "small")
    verdicts = row["seeds"]["1"]
    assert set(verdicts) == {module.ALL, module.SAME_FOLDS, module.CROSS_FITTED}
    gains = [of["validation"]["gain"] for of in verdicts.values()]
    assert len(set(gains)) == 3
    assert all(f"{gain:.4f}" in page.read_text() for gain in gains)
    capsys.readouterr()
    module.main(["--json", str(out)])  # shows what there is
    shown = capsys.readouterr().out
    assert all(f"{gain:.4f}" in shown for gain in gains)


def test_what_it_cannot_use_is_told(tmp_path):
    with pytest.raises(UsageError, match="no runs are given"):
        module.main([])
    with pytest.raises(UsageError, match="expected paper, small"):
        module.main([str(tmp_path), "--discriminator", "large"])
    with pytest.raises(UsageError, match="at least 2 folds"):
        module.main([str(tmp_path), "--folds", "1"])
    with pytest.raises(UsageError, match=r"config\.json"):
        module.main([str(tmp_path)])
