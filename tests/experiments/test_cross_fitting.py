"""Cross-fitting of discriminators at a tiny size: who is trained on what, and what the table has."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from experiments import cross_fitting as module
from files.errors import UsageError
from metrics.verdict import Verdict, verdict
from tests.helpers import REPOSITORY, row_reward
from tests.scripts import run
from training.presets import TEXT_PRESETS

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


class Bare(module.Folds):
    """Folds with parts made by hand, without a run."""

    def __init__(self, **attributes):
        vars(self).update(attributes)

    def _new_generator(self):
        return "new generator"

    def _new_discriminator(self):
        return "new discriminator"


TRAIN, VALIDATION, TEST = (
    np.random.default_rng(seed).integers(3, 9, [num, 4]).astype(np.int32)
    for seed, num in ((1, 12), (2, 3), (3, 5))
)
CORPUS = SimpleNamespace(train=TRAIN, validation=VALIDATION, test=TEST)


def test_all_data_and_folds_learn_from_as_many_sequences(monkeypatch):
    """A set of all data is as long as those of three folds."""
    seen = []
    monkeypatch.setattr("training.steps.make_steps", lambda *models: models[:2])
    monkeypatch.setattr("training.seqgan.best_weights", lambda steps, settings, unseen: unseen)
    monkeypatch.setattr(
        "training.pretrain.pretrain_discriminator", lambda *given: seen.append(given)
    )
    given = module.CrossFittingSettings(folds=3, sets=8, patience=7)
    made = Bare(given=given, settings=TEXT_PRESETS["smoke"], corpus=CORPUS)
    rows = np.array([1, 5, 6, 11])
    for of, real, sets, patience in ((None, TRAIN, 2, 2), (rows, TRAIN[rows], 8, 7)):
        assert made.discriminator("generator", of) == "new discriminator"
        steps, learned, settings, _, *unseen = seen.pop()
        assert steps == ("generator", "new discriminator")
        np.testing.assert_array_equal(learned, real)
        assert (settings.pretrain_d_steps, settings.d_patience) == (sets, patience)
        assert (settings.pretrain_d_epochs, settings.pretrain_d_samples) == (1, len(TRAIN))
        assert all(each is VALIDATION for each in unseen)


def test_generators_of_folds_have_their_best_temperatures(monkeypatch):
    done = []
    monkeypatch.setattr("training.steps.make_steps", lambda *models: models[0])
    monkeypatch.setattr(
        "training.pretrain.pretrain_generator",
        lambda steps, real, settings, journal, measure, unseen: done.append(
            (steps, settings.algorithm, unseen is VALIDATION, real.numpy().tolist())
        ),
    )
    monkeypatch.setattr(
        "training.temperature.best_temperature",
        lambda generator, unseen: 0.5 if unseen is VALIDATION else 9.0,
    )
    monkeypatch.setattr("training.temperature.apply_temperature", lambda *by: done.append(by))
    made = Bare(settings=TEXT_PRESETS["smoke"], corpus=CORPUS)
    assert made.generator_without(np.array([0, 2])) == "new generator"
    others = TRAIN[[1, *range(3, 12)]].tolist()
    assert done == [("new generator", "mle", True, others), ("new generator", 0.5)]


def test_each_part_is_judged_by_itself_with_as_many_samples_as_were_asked_for():
    asked = []

    def sample(num, seed):
        asked.append(num)
        return np.random.default_rng(4).integers(3, 9, [num, 4]).astype(np.int32)

    generator = SimpleNamespace(
        sample=sample, mask=lambda tokens: tf.cast(tf.constant(tokens) != 5, tf.float32)
    )
    made = Bare(
        given=module.CrossFittingSettings(samples=30),
        settings=TEXT_PRESETS["smoke"],
        generator=generator,
        parts={"validation": VALIDATION, "test": TEST},
    )
    found = made.verdicts([SimpleNamespace(logits=row_reward)])
    assert asked == [30]
    samples = row_reward(sample(30, None))
    for part, real in (("validation", VALIDATION), ("test", TEST)):
        assert found[part] == verdict(row_reward(real), samples, (real != 5).sum(axis=1))


def test_which_discriminators_are_compared(monkeypatch, tmp_path):
    class Names:
        """Names a discriminator by its generator and its fold."""

        settings = TEXT_PRESETS["smoke"]
        generator, folds = "all", (0, 1)

        def __init__(self, folder, given):
            pass

        def generator_without(self, fold):
            return f"without {fold}"

        def discriminator(self, generator, rows=None):
            return generator, rows

        def verdicts(self, of):
            return {"test": Verdict(of, 0, 0, 0, 0)}

    monkeypatch.setattr(module, "Folds", Names)
    (seed,) = module.measure(tmp_path, GIVEN)["seeds"].values()
    assert {name: of["test"]["accuracy"] for name, of in seed.items()} == {
        module.ALL: [("all", None)],
        module.SAME_FOLDS: [("all", 0), ("all", 1)],
        module.CROSS_FITTED: [("without 0", 0), ("without 1", 1)],
    }


def test_the_table_by_hand():
    def seed(number):
        """All figures of a part that differ."""
        of = {
            part: Verdict(0.5 + number / 10, 0.7, sign * number / 100, number / 1000, 0.3)._asdict()
            for part, sign in (("validation", 1), ("test", -1))
        }
        return {module.ALL: of}

    row = {"data": "coco", "discriminator": "small", "folds": 2, "samples": 50}
    table = module.cross_fitting_table([{**row, "seeds": {"1": seed(1), "2": seed(2)}}])
    assert table.rows == [
        [
            *("coco", "small", "2", "1, 2", module.ALL),
            *("0.650 ± 0.071", "0.0150 ± 0.0071 (error 0.0015)"),
            *("0.650 ± 0.071", "-0.0150 ± 0.0071 (error 0.0015)"),
        ]
    ]


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
