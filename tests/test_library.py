"""`import seqgan`: the library does what the scripts do, on arrays and without a folder."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import seqgan
from files.errors import DataError
from models.recurrent_discriminator import RecurrentDiscriminator
from models.small_prefix_discriminator import SmallPrefixDiscriminator
from models.value import ValueNetwork
from tests import pooled_runs
from tests.helpers import REPOSITORY, tiny_generator
from training.experiment import run_experiment
from training.library import journal_of_call, validation_measure
from training.presets import ORACLE_PRESETS
from training.verdict import FIGURES

pytestmark = pytest.mark.slow

V, T = 12, 4
SMALL = {"batch_size": 8, "num_rollouts": 2, "pretrain_d_samples": 16, "d_samples": 16}
SMALL["xla"] = False  # takes longer to compile; the script's updates, compared below, have it


def some_tokens(num=32, seed=0):
    return np.random.default_rng(seed).integers(0, V, [num, T]).astype(np.int32)


MODELS = pooled_runs.Models(
    lambda: (seqgan.Generator(V, T, 4, 4), seqgan.Discriminator(V, T, 4, {2: 5}))
)


def make(reward=None, **changes):
    """A `SeqGAN` as if of new models, which may have been compiled for another one."""
    keras.utils.set_random_seed(1)
    return pooled_seqgan(*MODELS.take(), reward, **SMALL, **changes)


def pooled_seqgan(*arguments, **settings):
    """A `SeqGAN` whose updates may have been compiled for an earlier one of the same models."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seqgan, "make_steps", pooled_runs.pooled_steps)
        patch.setattr(seqgan, "Rollout", pooled_runs.pooled_rollout)
        return seqgan.SeqGAN(*arguments, **settings)


def same(model, other):
    pairs = zip(model.generator.get_weights(), other.generator.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def trained():
    model = make()
    histories = model.pretrain(some_tokens(), 3, some_tokens(8, 1)), model.fit(some_tokens(), 2)
    return model, *histories


def test_histories_have_a_figure_for_every_step(trained):
    _, pretrained, fitted = trained
    assert pretrained.epoch == [0, 1, 2] and fitted.epoch == [0, 1]
    assert set(pretrained.history) == {"mle_loss", "val_loss"}
    assert {"mean_reward", "policy_loss", "discriminator_loss"} <= set(fitted.history)
    assert all(len(values) == 2 for values in fitted.history.values())


def test_validation_loss_is_that_of_keras_on_the_logits(trained):
    model, _, _ = trained
    tokens = some_tokens(8, 1)
    losses = keras.losses.sparse_categorical_crossentropy(
        tokens, model.generator(tokens), from_logits=True
    )
    history = model.pretrain(some_tokens(), 0, tokens)
    assert history.history == {}
    fresh = make(mle_learning_rate=1e-30)
    fresh.generator.set_weights(model.generator.get_weights())
    measured = fresh.pretrain(some_tokens(), 1, tokens).history["val_loss"]
    assert measured == pytest.approx([float(np.mean(losses))], rel=1e-5)


def test_the_validation_loss_is_a_mean_over_tokens_that_count():
    generator = tiny_generator(V, T, end_token=1, pad_token=0, blocked_tokens=(0, 2))
    tokens = np.array([[1, 0, 0, 0], [3, 4, 1, 0], [5, 2, 6, 7]], np.int32)
    measure = validation_measure(generator, tokens)
    nats = -generator.log_prob(tokens).numpy().sum()
    assert measure(generator, 2, (1, 1)).figures == {"val_loss": pytest.approx(nats / 7, rel=1e-6)}
    assert validation_measure(generator, None)(generator, 2, (1, 1)).figures == {}


def test_the_discriminator_is_measured_on_validation_data_and_nothing_else_changes(trained):
    model, _, fitted = trained
    other = make()
    other.pretrain(some_tokens(), 3, some_tokens(8, 1))
    history = other.fit(some_tokens(), 2, some_tokens(8, 1)).history
    assert {*history} - {*fitted.history} == {*FIGURES, "val_loss"}
    assert all(len(history[name]) == 2 for name in FIGURES)
    assert same(model, other)


@pytest.mark.parametrize("kind", [np.ndarray.tolist, tf.constant])
def test_validation_data_may_be_a_list_or_a_tensor(kind):
    model = make()
    model.pretrain(some_tokens(), 1, kind(some_tokens(8, 1)))
    history = model.fit(some_tokens(), 1, kind(some_tokens(8, 1))).history
    other = make()
    other.pretrain(some_tokens(), 1, some_tokens(8, 1))
    assert history == other.fit(some_tokens(), 1, some_tokens(8, 1)).history


def test_a_small_discriminator_comes_with_its_own_optimizer_and_stops_early():
    keras.utils.set_random_seed(1)
    judge = seqgan.SmallDiscriminator(V, T, 4, {2: 5})
    given = {**SMALL, "pretrain_d_steps": 6, "d_patience": 1}
    model = seqgan.SeqGAN(seqgan.Generator(V, T, 4, 4), judge, **given)
    optimizer = model.steps.discriminator_optimizer
    assert float(optimizer.learning_rate) == pytest.approx(1e-3)
    assert optimizer.weight_decay == 0.1
    model.fit(some_tokens(), 1, some_tokens(8, 1))
    before = [w.copy() for w in judge.get_weights()]
    model.settings = dataclasses.replace(model.settings, d_steps=0)
    model.fit(some_tokens(), 1, some_tokens(8, 1))  # restores no weights once more
    assert all(np.array_equal(*pair) for pair in zip(before, judge.get_weights(), strict=True))


def test_early_stopping_needs_validation_data_that_it_can_use():
    with pytest.raises(ValueError, match="`d_patience` is 1 without validation data"):
        make(d_patience=1).fit(some_tokens(), 1)
    keras.utils.set_random_seed(1)
    generator = seqgan.Generator(V, T, 4, 4, blocked_tokens=(0, 3))
    model = seqgan.SeqGAN(generator, seqgan.Discriminator(V, T, 4, {2: 5}), d_patience=1, **SMALL)
    unknown = np.full([8, T], 5, np.int32)
    unknown[1:, 2] = 3
    with pytest.raises(ValueError, match="has 1 sequences without unknown tokens, expected at"):
        model.fit(some_tokens(), 1, unknown)
    with pytest.raises(ValueError, match="`validation_data` has no tokens but padding and unknown"):
        model.pretrain(some_tokens(), 1, np.full([8, T], 3, np.int32))


def test_fit_does_not_stop_maximum_likelihood_early():
    model = make(mle_patience=1, mle_rate_cuts=1)
    model.pretrain(some_tokens(), 2, some_tokens(8, 1))
    assert len(model.fit(some_tokens(), 1).epoch) == 1


@pytest.mark.parametrize("reward", ["log-ratio", "constant"])
def test_a_reward_of_the_scripts_is_named_and_saved(tmp_path, reward):
    model, other = make(reward), make()
    history = model.fit(some_tokens(), 1).history
    other.fit(some_tokens(), 1)
    assert ("discriminator_loss" in history) == (reward == "log-ratio")
    assert not same(model, other)
    model.save(tmp_path / "model")
    loaded = seqgan.SeqGAN.load(tmp_path / "model")
    assert loaded.settings == model.settings and same(loaded, model)


def test_differences_of_judgements_of_prefixes_are_action_values():
    keras.utils.set_random_seed(1)
    models = seqgan.Generator(V, T, 4, 4), SmallPrefixDiscriminator(V, T, 4, {2: 5})
    model = seqgan.SeqGAN(*models, "log-ratio", action_values="prefix", **SMALL)
    assert "policy_loss" in model.fit(some_tokens(), 1).history


def test_the_library_trains_what_the_script_trains(tmp_path, monkeypatch):
    """The first calls, with the same seed and data, end with the same samples, bit for bit."""
    from train_oracle import make_task

    settings = ORACLE_PRESETS["smoke"].__class__(
        **{
            **vars(ORACLE_PRESETS["smoke"]),
            "vocab_size": V,
            "max_length": T,
            "out": tmp_path / "run",
            **{
                "temperatures": (),
                "eval_samples": 32,
                "final_samples": 32,
                "self_bleu_samples": 16,
            },
        }
    )
    task = make_task(settings)
    keras.utils.set_random_seed(settings.seed)
    with pooled_runs.shared():
        run_experiment(lambda: task, "oracle", settings)
    keras.utils.set_random_seed(settings.seed)
    models = pooled_runs.pooled_pair(seqgan.Generator(V, T), seqgan.Discriminator(V, T))
    names = ("batch_size", "num_rollouts", "pretrain_d_samples", "pretrain_d_epochs", "d_samples")
    model = pooled_seqgan(
        *models, seed=settings.seed, **{name: getattr(settings, name) for name in names}
    )
    model.pretrain(task.train, settings.mle_epochs)
    model.fit(task.train, settings.rounds)
    from training.seeds import counted_seed

    samples = model.generator.sample(100, counted_seed(settings.seed, "samples")).numpy()
    of_script = np.loadtxt(tmp_path / "run" / "samples.txt", dtype=np.int32)
    np.testing.assert_array_equal(samples, of_script)


def test_what_was_saved_trains_on_as_if_uninterrupted(trained, tmp_path):
    model, _, _ = trained
    model.save(tmp_path / "model")
    loaded = seqgan.SeqGAN.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.sample(5), model.sample(5))
    histories = [each.fit(some_tokens(), 2).history for each in (model, loaded)]
    assert histories[0] == histories[1] and same(model, loaded)
    model.save(tmp_path / "model")  # over what it has saved before
    assert same(seqgan.SeqGAN.load(tmp_path / "model"), model)


def test_other_files_are_not_overwritten(trained, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="already holds other files"):
        trained[0].save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_files_put_next_to_what_was_saved_are_kept(trained, tmp_path):
    model, folder = trained[0], tmp_path / "model"
    folder.mkdir()  # an empty one is no obstacle
    model.save(folder)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"already holds other files, as 'notes\.txt'"):
        model.save(folder)
    (tmp_path / "writing-other").mkdir()
    (tmp_path / "writing-other" / "book.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"writing-other already holds .*'book\.txt'"):
        model.save(tmp_path / "other")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="file is a file, expected a folder"):
        model.save(tmp_path / "file")
    kept = [folder / "notes.txt", tmp_path / "writing-other" / "book.txt", tmp_path / "file"]
    assert [path.read_text() for path in kept] == ["mine"] * 3


def test_a_folder_is_saved_through_a_link(trained, tmp_path, monkeypatch):
    model = trained[0]
    model.save(tmp_path / "model")
    (tmp_path / "link").symlink_to("model")
    model.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and same(seqgan.SeqGAN.load(tmp_path / "link"), model)
    assert {path.name for path in tmp_path.iterdir()} == {"model", "link"}
    monkeypatch.chdir(tmp_path / "model")
    with pytest.raises(FileExistsError, match="is the working folder"):
        model.save(".")


def test_what_a_stopped_save_left_is_replaced(trained, tmp_path):
    (tmp_path / "writing-model").mkdir()
    (tmp_path / "writing-model" / "variables.index").write_bytes(b"half")
    trained[0].save(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_bytes(b"x" * 60)])
@pytest.mark.parametrize("name", ["variables.index", "variables.data-00000-of-00001"])
def test_damaged_variables_are_one_line(trained, tmp_path, name, change):
    trained[0].save(tmp_path / "model")
    change(tmp_path / "model" / name)
    with pytest.raises(DataError, match=r"model cannot be read .* SeqGAN\.save has written: copy"):
        seqgan.SeqGAN.load(tmp_path / "model")


@pytest.mark.parametrize("content", ["{", '{"models": 3}', '{"models": {"generator": {}}}'])
def test_a_damaged_folder_is_one_line(tmp_path, content):
    (tmp_path / "seqgan.json").write_text(content)
    with pytest.raises(DataError, match=r"expected the folder that SeqGAN\.save has written"):
        seqgan.SeqGAN.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("settings", [3]), ("own_reward", "yes"), ("calls", 2), ("calls", {"pretrain": 1})),
        *(("calls", {"pretrain": "1", "fit": 0}), ("models", {}), ("models", {"generator": 3})),
    ],
)
def test_a_damaged_value_in_a_folder_is_one_line(trained, tmp_path, name, value):
    trained[0].save(tmp_path / "model")
    path = tmp_path / "model" / "seqgan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(
        DataError, match=r"cannot be used \(.*\), expected the folder that SeqGAN\.save"
    ):
        seqgan.SeqGAN.load(tmp_path / "model")


@pytest.mark.parametrize("stage", ["discriminator", "best discriminator", "value network"])
def test_what_comes_before_the_rounds_is_done_in_the_first_fit_alone(stage):
    for before, expected in ((0, [0, 1]), (1, []), (2, [])):
        assert stage_of_fit(stage, {"pretrain": 1, "fit": before}) == expected
        assert stage_of_fit(stage, {"pretrain": 2, "fit": before, "followed": 1}) == expected


def stage_of_fit(stage, calls, **settings):
    """What a `fit` after these calls does of a stage of two steps."""
    model = make(**settings)
    given = model.steps, (), "adversarial", 2, 0
    return list(journal_of_call(model.settings, calls, "fit", *given).loop(stage, 2))


@pytest.mark.parametrize(
    ("stage", "settings"),
    [
        ("target network", {"rollout_update_rate": 0.5}),
        ("roll-out policy", {"rollout_policy": "small"}),
    ],
)
def test_the_rollout_policy_starts_anew_after_maximum_likelihood(stage, settings):
    calls = {"pretrain": 1, "fit": 0}
    assert stage_of_fit(stage, calls, **settings) == [0, 1]
    calls = {"pretrain": 1, "fit": 1, "followed": 1}
    assert stage_of_fit(stage, calls, **settings) == []
    assert stage_of_fit(stage, {**calls, "pretrain": 2}, **settings) == [0, 1]
    assert stage_of_fit(stage, {"pretrain": 2, "fit": 1}, **settings) == []  # saved by an older one


@pytest.mark.parametrize("rate", [1.0, 0.0])
def test_rollouts_follow_a_generator_that_was_pretrained_between_rounds(tmp_path, rate):
    model = make(rollout_update_rate=rate)
    model.fit(some_tokens(), 1)
    model.pretrain(some_tokens(), 1)
    model.save(tmp_path / "model")
    for each in (seqgan.SeqGAN.load(tmp_path / "model"), model):
        each.fit(some_tokens(), 0)
        pairs = zip(each.rollout.policy.get_weights(), each.generator.get_weights(), strict=True)
        assert all(np.array_equal(beta, theta) for beta, theta in pairs)


def test_a_frozen_layer_is_saved_and_stays_frozen(tmp_path):
    for when in ("before", "after"):
        generator, discriminator = seqgan.Generator(V, T, 4, 4), seqgan.Discriminator(V, T, 4)
        generator.embedding.trainable = when == "after"
        model = seqgan.SeqGAN(generator, discriminator, **SMALL)
        generator.embedding.trainable = False
        frozen = generator.embedding.get_weights()[0]
        model.save(tmp_path / when)
        loaded = seqgan.SeqGAN.load(tmp_path / when)
        for each in (model, loaded):
            each.pretrain(some_tokens(), 1)
            assert np.array_equal(each.generator.embedding.get_weights()[0], frozen)
        assert same(model, loaded)


def test_sizes_may_be_numbers_of_numpy(tmp_path):
    V, T = some_tokens().max() + 1, np.int64(4)
    generator = seqgan.Generator(V, T, np.int64(4), np.int32(4), blocked_tokens=(V - V,))
    for kind in (seqgan.Discriminator, seqgan.SmallDiscriminator, RecurrentDiscriminator):
        seqgan.SeqGAN(generator, kind(V, T, np.int64(4)), **SMALL).save(tmp_path / kind.__name__)
        seqgan.SeqGAN.load(tmp_path / kind.__name__)
    ValueNetwork(V, T, np.int64(4), np.int64(4))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_another_precision_is_refused_in_one_line(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        with pytest.raises(ValueError, match=f"the dtype policy is {policy}, expected float32"):
            seqgan.Generator(V, T, 4, 4)
    finally:
        keras.config.set_dtype_policy(before)
    with pytest.raises(ValueError, match=f"the dtype policy is {policy}"):
        seqgan.Generator(V, T, 4, 4, dtype=policy)


def test_a_small_policy_is_made_of_what_every_generator_has():
    @keras.saving.register_keras_serializable(package="tests")
    class Own(seqgan.Generator):
        def __init__(self, *args, extra=1, **kwargs):
            super().__init__(*args, **kwargs)
            self.extra = extra

        def get_config(self):
            return {**super().get_config(), "extra": self.extra}

    generator, discriminator = Own(V, T, 4, 4, extra=3), MODELS.take()[1]
    model = seqgan.SeqGAN(generator, discriminator, rollout_policy="small", **SMALL)
    assert type(model.rollout.policy) is seqgan.Generator


def test_validation_data_are_needed_only_where_something_stops_early():
    model = make(d_patience=2)
    model.fit(some_tokens(), 0, some_tokens(8, 1))
    model.fit(some_tokens(), 0)
    make(lambda ids: np.zeros(len(ids)), d_patience=2).fit(some_tokens(), 0)
    with pytest.raises(ValueError, match=r"`mle_patience` is 2 .*give `validation_data`"):
        make(mle_patience=2).pretrain(some_tokens(), 1)


@pytest.mark.parametrize("where", ["on_train_begin", "on_epoch_end", "on_train_end"])
def test_a_callback_that_fails_leaves_the_optimizer_as_it_was(where):
    model = make()

    def fail(*args, **logs):
        assert model.generator.optimizer is model.steps.mle_optimizer
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        callbacks = keras.callbacks.LambdaCallback(**{where: fail})
        model.pretrain(some_tokens(), 1, callbacks=callbacks)
    assert model.generator.optimizer is None


@pytest.mark.parametrize("stopped", ["refused", "before the first step", "in a callback"])
def test_a_call_that_trained_no_round_is_done_again(monkeypatch, stopped):
    first, second = make(), make()

    def stop(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises((KeyboardInterrupt, ValueError)):
        if stopped == "before the first step":
            patch.setattr(first.steps, "discriminator_epoch", stop)
        callback = keras.callbacks.LambdaCallback(on_train_begin=stop)
        refused = keras.callbacks.ReduceLROnPlateau("val_loss")
        callbacks = {"refused": refused, "in a callback": callback}.get(stopped)
        first.fit(some_tokens(), 2, callbacks=callbacks)
    for model in (first, second):
        model.fit(some_tokens(), 1)
        model.fit(some_tokens(), 0)  # which counts too
    assert same(first, second)
    assert first._calls == {"pretrain": 0, "fit": 2, "followed": 0}


def test_a_round_that_is_done_counts(monkeypatch):
    model = make()

    def stop(epoch, logs):
        assert model._calls["fit"] == 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(some_tokens(), 2, callbacks=keras.callbacks.LambdaCallback(on_epoch_end=stop))
    monkeypatch.setattr(model.steps, "discriminator_epoch", None)  # no pre-training again
    model.fit(some_tokens(), 0)


def test_repeated_calls_draw_anew():
    first, second = make(), make()
    for model, epochs in ((first, (1, 1)), (second, (2,))):
        for num in epochs:
            model.pretrain(some_tokens(), num)
    assert not same(first, second)  # the second epoch of one call is not the first of another


def test_a_reward_of_ones_own_needs_no_discriminator_and_is_given_again_on_load(tmp_path):
    def sevens(ids):
        return (ids == 7).mean(axis=1)

    model = make(sevens, g_learning_rate=0.5, g_learning_rate_final=None)
    before = (model.sample(500) == 7).mean()
    weights = model.discriminator.get_weights()
    history = model.fit(some_tokens(), 12).history
    assert (model.sample(500) == 7).mean() > 2 * before
    assert "discriminator_loss" not in history
    for old, new in zip(weights, model.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    model.save(tmp_path / "model")
    with pytest.raises(ValueError, match="was saved with a reward function, expected the same"):
        seqgan.SeqGAN.load(tmp_path / "model")
    assert same(seqgan.SeqGAN.load(tmp_path / "model", reward=sevens), model)


def test_a_mixture_trains_the_discriminator():
    model = make((0.5, lambda ids: (ids == 7).mean(axis=1)))
    assert "discriminator_loss" in model.fit(some_tokens(), 1).history


def test_each_step_is_printed_unless_asked_otherwise(capsys):
    model = make()
    model.pretrain(some_tokens(), 2, some_tokens(8, 1))
    model.fit(some_tokens(), 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("mle 1/2 - mle_loss: 2.") and " - val_loss: 2." in lines[1]
    assert lines[2].startswith("discriminator 1 - discriminator_loss: ")
    assert lines[-1].startswith("adversarial 1/1 - policy_loss: ")
    model.fit(some_tokens(), 1, verbose=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("size", "length", "name"), [(V + 1, T, "vocab_size"), (V, 5, "max_length")]
)
def test_models_of_different_data_are_refused(size, length, name):
    models = seqgan.Generator(V, T, 4, 4), seqgan.Discriminator(size, length, 4, {2: 5})
    with pytest.raises(
        ValueError, match=f"`discriminator` has the {name} .*, expected that of the generator"
    ):
        seqgan.SeqGAN(*models)


@pytest.mark.parametrize("epochs", [5, 2])
def test_callbacks_are_called_and_may_stop(epochs):
    seen, begun = [], []

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            begun.append(epoch)

        def on_epoch_end(self, epoch, logs=None):
            seen.append((epoch, set(logs)))
            self.model.stop_training = epoch == 1 and epochs == 5

    history = make().pretrain(some_tokens(), epochs, callbacks=[Stop()])
    assert seen == [(0, {"mle_loss"}), (1, {"mle_loss"})] and history.epoch == begun == [0, 1]


def test_callbacks_of_keras_need_no_compiled_model(tmp_path):
    model = make()
    callbacks = [
        keras.callbacks.TensorBoard(tmp_path / "logs"),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras"),
    ]
    model.pretrain(some_tokens(), 1, callbacks=callbacks, verbose=0)
    model.fit(some_tokens(), 2, callbacks=callbacks, verbose=0)
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))
    assert (tmp_path / "log.csv").read_text().startswith("epoch,")
    loaded = keras.saving.load_model(tmp_path / "2.keras")
    np.testing.assert_array_equal(loaded(some_tokens()), model.generator(some_tokens()))


def test_callbacks_set_the_learning_rate_of_pretraining(tmp_path):
    model, tokens = make(mle_learning_rate=0.25), some_tokens()
    callbacks = [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.1, patience=1, min_delta=100.0),
        keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras"),
    ]
    rates = model.pretrain(tokens, 3, tokens, callbacks).history["learning_rate"]
    np.testing.assert_allclose(rates, [0.125, 0.0625, 0.003125], rtol=1e-6)
    assert model.generator.optimizer is None  # of no use to what `fit` trains
    saved = keras.saving.load_model(tmp_path / "3.keras")
    np.testing.assert_array_equal(saved(tokens), model.generator(tokens))


def test_callbacks_may_be_any_iterable():
    called: list[int] = []
    seen = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: called.append(epoch))
    make().fit(some_tokens(), 1, callbacks=iter([seen]))
    assert called == [0]


def test_callbacks_set_no_learning_rate_of_a_schedule():
    cut = keras.callbacks.ReduceLROnPlateau("mle_loss")
    with pytest.raises(ValueError, match="has a ReduceLROnPlateau, expected none that sets the le"):
        make().fit(some_tokens(), 1, callbacks=cut)
    with pytest.raises(
        ValueError, match="settings do, `g_learning_rate` in `fit` and `mle_patience`"
    ):
        make(mle_patience=1).pretrain(some_tokens(), 1, some_tokens(), [cut])


def test_early_stopping_of_keras_restores_the_best_weights():
    model = make(mle_learning_rate=1.0)  # which overshoots
    stop = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    tokens = some_tokens(8, 1)
    losses = model.pretrain(some_tokens(), 20, tokens, [stop]).history["val_loss"]
    assert len(losses) < 20
    kept = keras.losses.sparse_categorical_crossentropy(
        tokens, model.generator(tokens), from_logits=True
    )
    assert float(np.mean(kept)) == pytest.approx(min(losses), rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"batchsize": 3}, TypeError, "there is no setting 'batchsize', expected one of"),
        ({"out": "x"}, TypeError, "there is no setting 'out'"),
        ({"start_at_temperature": True}, TypeError, "there is no setting 'start_at_temperature'"),
        ({"hidden_dim": 9}, TypeError, "there is no setting 'hidden_dim'"),  # of a model
        ({"rounds": 9}, TypeError, "there is no setting 'rounds'"),  # of a method
        ({"reward": "bleu"}, ValueError, "`reward` is 'bleu', expected one of discriminator, log-"),
        ({"action_values": "prefix"}, ValueError, "`action_values` prefix needs `discriminator`"),
        ({"g_learning_rate": -1.0}, ValueError, "`g_learning_rate` is -1.0, expected"),
        (
            {"policy_update": "guided"},
            ValueError,
            "`policy_update` guided needs `discriminator` pr",
        ),
        ({"reward": 3}, ValueError, "`reward` is 3, expected None, a function"),
        ({"reward": (0.5, len, 3)}, ValueError, "or a pair .discriminator_weight, function."),
        ({"reward": ("0.5", len)}, ValueError, "or a pair .discriminator_weight, function."),
        ({"d_steps": 2.5}, TypeError, "`d_steps` is 2.5, expected a whole number"),
        ({"d_steps": True}, TypeError, "`d_steps` is True, expected a whole number"),
        ({"g_learning_rate": "1"}, TypeError, "`g_learning_rate` is '1', expected a number"),
        ({"d_patience": 1.5}, TypeError, "`d_patience` is 1.5, expected a whole number or None"),
        ({"check_numerics": 1}, TypeError, "there is no setting"),
        ({"optimizer": "adamw"}, TypeError, "`optimizer` is 'adamw', expected one of adam, rms"),
        ({"seed": None}, TypeError, "`seed` is None, expected a whole number"),
    ],
)
def test_wrong_arguments_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        make(**changes)


def test_models_in_the_wrong_order_are_refused():
    generator, discriminator = MODELS.take()
    with pytest.raises(TypeError, match="`generator` is of type Discriminator, expected a gener"):
        seqgan.SeqGAN(discriminator, generator)


@pytest.mark.parametrize("num", [-1, 1.5, "1", True])
def test_a_number_of_epochs_or_rounds_is_a_count(trained, num):
    for method, name in ((trained[0].pretrain, "epochs"), (trained[0].fit, "rounds")):
        with pytest.raises(ValueError, match=f"`{name}` is {num!r}, expected a whole number of at"):
            method(some_tokens(), num)


def test_numbers_of_numpy_are_saved(tmp_path):
    model = make(seed=np.int64(3), g_learning_rate=np.float32(0.5), d_steps=np.int32(2))
    model.pretrain(some_tokens(), np.int64(1))
    model.save(tmp_path / "model")
    assert seqgan.SeqGAN.load(tmp_path / "model").settings == model.settings


@pytest.mark.parametrize("callbacks", [None, keras.callbacks.TerminateOnNaN()])
def test_callbacks_are_given_as_to_keras(callbacks):
    assert make().pretrain(some_tokens(), 1, callbacks=callbacks).epoch == [0]


def test_guided_updates_learn_from_a_discriminator_of_prefixes(tmp_path):
    def fresh(reward=None):
        keras.utils.set_random_seed(1)
        judge = SmallPrefixDiscriminator(V, T, 4, {2: 5})
        guided = {"policy_update": "guided", "g_steps": 2}
        return seqgan.SeqGAN(seqgan.Generator(V, T, 4, 4), judge, reward, **SMALL, **guided)

    model = fresh()
    before = model.sample(200)
    assert model.fit(some_tokens(), 2).history["policy_loss"][0] > 0
    assert (model.sample(200) != before).any()
    model.save(tmp_path / "saved")
    again = seqgan.SeqGAN.load(tmp_path / "saved")
    model.fit(some_tokens(), 1)
    again.fit(some_tokens(), 1)
    assert same(model, again)
    with pytest.raises(ValueError, match="with guided updates, expected None: they learn from"):
        fresh(len)


@pytest.mark.parametrize(
    "settings",
    [
        {
            **{"action_values": "mixed", "rollout_positions": 1, "value_samples": 8},
            **{"value_pretrain_steps": 1, "value_hidden_dim": 3},
        },
        {
            **{"rollout_policy": "small", "rollout_hidden_dim": 2, "rollout_samples": 8},
            "rollout_pretrain_steps": 1,
        },
    ],
)
def test_a_value_network_or_a_small_policy_is_saved_and_trains_on(tmp_path, settings):
    model = make(**settings)
    assert len(model.fit(some_tokens(), 1).history["mean_reward"]) == 1
    model.save(tmp_path / "model")
    loaded = seqgan.SeqGAN.load(tmp_path / "model")
    histories = [each.fit(some_tokens(), 1).history for each in (model, loaded)]
    assert histories[0] == histories[1] and same(model, loaded)
    assert (model.estimators.value_network is None) == ("rollout_policy" in settings)


def test_a_call_that_was_refused_does_not_count():
    model, other = make(), make()
    with pytest.raises(ValueError, match="there are 7 training sequences"):
        model.fit(some_tokens(7), 1)
    assert model.fit(some_tokens(), 1).history == other.fit(some_tokens(), 1).history


def test_too_few_sequences_for_a_batch_are_refused():
    with pytest.raises(ValueError, match="`batch_size` is 8, but there are 7 training sequences"):
        make().pretrain(some_tokens(7), 1)


def test_lines_become_ids_and_lines_again():
    lines = ["The cat sees the dog.", "a dog", "It's the dog’s cat"]
    vocabulary = seqgan.Vocabulary.from_lines(lines)
    ids = vocabulary.encode_lines(lines, 8)
    assert ids.shape == (3, 8) and ids.dtype == np.int32
    assert vocabulary.decode_lines(ids) == [line.replace("’", "'") for line in lines]
    for call in (seqgan.Vocabulary.from_lines, lambda text: vocabulary.encode_lines(text, 8)):
        with pytest.raises(DataError, match=r"`lines` is one string, expected a list .*splitlines"):
            call(lines[0])
    characters = seqgan.Vocabulary.from_lines(lines, level="char")
    assert characters.decode_lines(characters.encode_lines(lines, 30)) == lines
    with pytest.raises(
        DataError, match="Line 1 has 6 tokens, expected at most 3: pass max_length=6"
    ):
        vocabulary.encode_lines(lines, 3)
    np.testing.assert_array_equal(vocabulary.encode_lines(lines, 3, truncate=True), ids[:, :3])
    with pytest.raises(DataError, match="Line 2 is blank"):
        vocabulary.encode_lines(["a dog", " "], 3)
    for length in (0, -1, 2.0):
        with pytest.raises(DataError, match=f"`max_length` is {length}, expected a whole number"):
            vocabulary.encode_lines(lines, length, truncate=True)
    for wrong in (None, b"a dog", ["a", "dog"]):
        with pytest.raises(DataError, match=r"A line is .*, expected text"):
            seqgan.Vocabulary.from_lines(["a dog", wrong])
    with pytest.raises(DataError, match=r"expected ids \[M, T\]: put a single sequence in a list"):
        vocabulary.decode_lines(ids[0])
    with pytest.raises(
        DataError, match=r"`min_count` 9 leaves no token of .*: give at most `min_c"
    ):
        seqgan.Vocabulary.from_lines(lines, min_count=9)


def test_an_export_is_read_by_the_script(trained, tmp_path):
    lines = [" ".join("abcdefghi"[k : k + 3]) for k in range(7)]
    vocabulary = seqgan.Vocabulary.from_lines(lines)
    assert vocabulary.size == V
    trained[0].export(tmp_path / "export", vocabulary)
    command = [sys.executable, "sample.py", str(tmp_path / "export"), "--num", "3"]
    printed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert len(printed.stdout.splitlines()) == 3
    saved = json.loads((tmp_path / "export" / "assets" / "vocabulary.json").read_text())
    assert saved["size"] == V
    trained[0].export(tmp_path / "export", vocabulary)  # again, in its place
    for wrong, given in ((seqgan.Vocabulary.from_lines(["a b"]), "size 5"), ({}, "of type dict")):
        with pytest.raises(ValueError, match=f"`vocabulary` .*{given}, expected"):
            trained[0].export(tmp_path / "wrong", wrong)
    assert not (tmp_path / "wrong").exists()
    (tmp_path / "export" / "assets" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"already holds other files, as 'assets/notes\.txt'"):
        trained[0].export(tmp_path / "export", vocabulary)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="already holds other files"):
        trained[0].export(tmp_path / "mine", vocabulary)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "mine"
