"""What TensorBoard shows of a run, read back with TensorBoard's own reader."""

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata as hparams

from training.events import Events
from training.show_samples import pictures_and_sound


def read(folder):
    sizes = {"tensors": 0, "images": 0, "audio": 0, "histograms": 0}
    return EventAccumulator(str(folder), size_guidance=sizes).Reload()


def values(events, tag):
    """Steps and values of a tag."""
    return [(e.step, tf.make_ndarray(e.tensor_proto).tolist()) for e in events.Tensors(tag)]


def row(stage, step, **figures):
    return {"stage": stage, "step": step, "seconds": 0.5, **figures}


ROWS = [
    row("mle", 1, mle_loss=4.0),
    row("mle", 2, mle_loss=3.0, nll_test=5.0),
    {
        **row("adversarial", 1, mean_reward=0.25, discriminator_accuracy=0.5, bleu_2=0.75),
        **{"bleu_3": 0.5, "policy_loss": 0.125, "discriminator_loss": 0.25},
    },
]


def test_figures_have_a_running_step_in_their_group_and_the_step_of_their_stage(tmp_path):
    events = Events(tmp_path, ROWS[:1])
    events.add_rows(ROWS[1:])
    events.close()
    found = read(tmp_path)
    assert set(found.Tags()["tensors"]) == {
        "1 overview/BLEU-2", "1 overview/NLL-test", "1 overview/reward", "1 overview/D accuracy",
        "1 overview/MLE loss", "mle/mle_loss", "mle/nll_test",
        "2 measures/bleu_3", "3 policy gradient/policy_loss", "4 discriminator/discriminator_loss",
        "adversarial/mean_reward", "adversarial/discriminator_accuracy", "adversarial/bleu_2",
        "adversarial/bleu_3", "adversarial/policy_loss", "adversarial/discriminator_loss",
    }  # fmt: skip
    assert values(found, "1 overview/MLE loss") == [(1, 4.0), (2, 3.0)]
    assert values(found, "1 overview/reward") == [(3, 0.25)]
    assert values(found, "adversarial/mean_reward") == [(1, 0.25)]


def test_text_keeps_its_lines_and_is_not_taken_as_markdown(tmp_path):
    from tensorboard.plugins.text.text_plugin import text_array_to_html

    events = Events(tmp_path, ROWS)
    events.add_text(["a *b* <b>c</b>", "one\ntwo\n"])
    events.close()
    ((step, shown),) = values(read(tmp_path), "samples/text")
    assert step == len(ROWS) + 1
    html = text_array_to_html(np.array(shown), enable_markdown=True)
    assert "a *b* &lt;b&gt;c&lt;/b&gt;\n" in html and "one\ntwo" in html


def test_tunes_are_pictures_and_sound(tmp_path):
    events = Events(tmp_path, [])
    tunes = np.array([[40, 40, 44], [1, 88, 2]])
    rolls, waves = pictures_and_sound(tunes)
    events.add_tunes(rolls, waves, 22_050)
    events.close()
    found = read(tmp_path)
    (picture,) = found.Tensors("samples/piano roll")
    width, height, *pictures = tf.make_ndarray(picture.tensor_proto)
    assert (int(width), int(height), len(pictures)) == (12, 352, 2)
    pixels = tf.io.decode_png(pictures[1])[..., 0].numpy()[::4, ::4] / 255
    assert np.argwhere(pixels.T).tolist() == [[0, 87], [1, 0], [2, 86]]
    (sound,) = found.Tensors("samples/audio")
    content = tf.make_ndarray(sound.tensor_proto)[0, 0]
    decoded, rate = tf.audio.decode_wav(content)
    assert int(rate) == 22_050 and decoded.shape == (round(3 * 0.4 * 22_050), 1)
    np.testing.assert_allclose(decoded, waves[0], atol=1e-4)


def test_rewards_are_histograms_by_position_of_the_tokens_that_count(tmp_path):
    action_values = np.linspace(0, 1, 40, dtype=np.float32).reshape(4, 10)
    counts = np.ones([4, 10], bool)
    counts[1:, 5:], counts[:, 9] = False, False
    events = Events(tmp_path, ROWS)
    events.add_rewards(action_values, counts)
    events.close()
    found = read(tmp_path)
    tags = [f"rewards by position/t = {t:03d}" for t in (1, 2, 4, 5, 6, 7, 9)]  # of 10; none at 10
    assert [tag for tag in found.Tags()["tensors"] if tag.startswith("rewards")] == tags
    for tag in tags:
        t = int(tag[-3:]) - 1
        ((step, buckets),) = values(found, tag)
        counted = action_values[counts[:, t], t]
        assert step == len(ROWS) + 1
        assert sum(count for *_, count in buckets) == len(counted)
        assert buckets[0][0] == counted.min() and buckets[-1][1] == counted.max()


def test_settings_are_hyper_parameters_with_the_final_figures(tmp_path):
    events = Events(tmp_path, ROWS)
    settings = {"rounds": 3, "cell": "gru", "temperatures": [0.5, 1.0], "corpus": "caf\udce9.txt"}
    events.add_result(settings, {"nll_test": 5.5})
    events.close()
    found = read(tmp_path)
    assert values(found, "result/nll_test") == [(3, 5.5)]
    contents = found.PluginTagToContent(hparams.PLUGIN_NAME)
    start = hparams.parse_session_start_info_plugin_data(
        contents[hparams.SESSION_START_INFO_TAG]
    ).hparams
    assert start["rounds"].number_value == 3 and start["cell"].string_value == "gru"
    assert start["corpus"].string_value == "caf\\udce9.txt"
    assert start["temperatures"].string_value == "[0.5, 1.0]"
    experiment = hparams.parse_experiment_plugin_data(contents[hparams.EXPERIMENT_TAG])
    assert [info.name.tag for info in experiment.metric_infos] == ["result/nll_test"]
    assert hparams.SESSION_END_INFO_TAG in contents


@pytest.mark.parametrize("cut", [0, 3])
def test_a_resumed_run_has_every_event_once_and_none_that_is_to_come_again(tmp_path, cut):
    rewards = np.full([2, 1], 0.5, np.float32), np.ones([2, 1], bool)
    events = Events(tmp_path, [])
    for number, each in enumerate(ROWS):
        events.add_text([f"sample {number}"])
        events.add_rewards(*rewards)
        events.add_rows([each])
    events.close()
    (path,) = tmp_path.glob("events*")
    if cut:  # the end of a process within a write
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - cut)
    events = Events(tmp_path, ROWS[:1])  # the checkpoint was written after the first row
    events.add_text(["sample 1"])
    events.add_rows(ROWS[1:])
    events.close()
    assert len(list(tmp_path.glob("events*"))) == 1
    found = read(tmp_path)
    shown = [(step, value.strip()) for step, value in values(found, "samples/text")]
    assert shown == [(1, b"sample 0"), (2, b"sample 1")]
    assert [step for step, _ in values(found, "rewards by position/t = 001")] == [1, 2]
    assert values(found, "mle/mle_loss") == [(1, 4.0), (2, 3.0)]
    assert values(found, "adversarial/bleu_2") == [(1, 0.75)]
