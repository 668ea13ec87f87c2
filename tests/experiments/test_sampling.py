"""The comparison of ways to sample: what is drawn and measured, and the table from figures made by hand."""

import types

import numpy as np
import pytest

from experiments import sampling as module
from files.errors import UsageError
from metrics.bleu import BleuScorer
from metrics.diversity import self_bleu
from models.exported import Exported
from tests import exports
from training.presets import TEXT_PRESETS

pytestmark = pytest.mark.slow


def test_every_way_draws_from_the_export():
    """Of an export with a critic: the same as its functions draw, in as many steps as they say."""
    exported, loaded = Exported(exports.export("music")), exports.loaded("music")
    ways = {way.name: way for way in module.ways(exported, "value network")}
    given = {
        "temperature 0.8": (1, loaded.sample(6, [1, 0], 0.8)),
        "guidance 5": (1, loaded.sample(6, [1, 0], guidance=5.0)),
        "16 simulations, exploration 10": (
            16,
            loaded.tree_search(np.zeros([6, 0]), [0] * 6, [1, 0], 16, 1.0, 10.0),
        ),
    }
    for name, (steps, expected) in given.items():
        assert ways[name].steps == steps
        np.testing.assert_array_equal(ways[name].draw(6, 1), expected)
    assert "guidance 0.5" in {
        way.name for way in module.ways(exported, "discriminator of prefixes")
    }


def test_temperatures_are_multiples_of_the_exports_own():
    """All ways draw at the own one, but for the temperatures."""
    drawn = []

    def sample(num, seed, temperature, **more):
        drawn.append((num, seed, temperature, more))

    def tree_search(num, seed, *given):
        drawn.append((num, seed, *given))

    exported = types.SimpleNamespace(temperature=0.5, sample=sample, tree_search=tree_search)
    ways = {way.name: way for way in module.ways(exported, "value network")}
    resampled = {"candidates": 16, "candidate_temperature": 1.0}
    for name, *given in (
        ("temperature 1", 0.5, {}),
        ("temperature 0.8", 0.4, {}),
        ("guidance 5", 0.5, {"guidance": 5.0}),
        ("best of 16 candidates", 0.5, {"candidates": 16}),
        ("one of 16 candidates, resampled", 0.5, resampled),
        ("64 simulations, exploration 10", 0.5, 64, 10.0),
    ):
        ways[name].draw(7, 3)
        assert drawn[-1] == (7, 3, *given)


def test_times_are_of_one_draw_and_per_thousand(monkeypatch, tmp_path):
    """The first draw, which compiles, takes 100 s and does not count; the second 4 s, for 8 sequences."""
    clock = [0.0]

    def draw(num, seed):
        clock[0] += 100.0 if seed == 2 else 4.0
        return np.tile([[3, 4, 1], [3, 5, 1]], [num // 2, 1])

    corpus = types.SimpleNamespace(test=np.array([[3, 4, 1], [5, 4, 1]]))
    monkeypatch.setattr(module, "load_settings", lambda *_: TEXT_PRESETS["smoke"])
    monkeypatch.setattr("training.task_corpora.load_corpus", lambda _: corpus)
    loaded = types.SimpleNamespace(tree_search=None)
    monkeypatch.setattr("models.exported.Exported", lambda _: types.SimpleNamespace(loaded=loaded))
    monkeypatch.setattr(module, "ways", lambda *_: [module.Way("slow", 1, draw)])
    monkeypatch.setattr(module, "time", types.SimpleNamespace(perf_counter=lambda: clock[0]))
    assert module.measure(tmp_path, 8)["ways"]["slow"]["seconds"] == 500


def test_figures_are_those_of_what_is_drawn(monkeypatch, tmp_path):
    rows = np.array([[3, 4, 1, 0], [3, 5, 6, 1], [3, 4, 5, 1], [5, 4, 1, 0]])
    corpus = types.SimpleNamespace(test=rows[::-1])
    settings = TEXT_PRESETS["smoke"]
    monkeypatch.setattr(module, "load_settings", lambda *_: settings)
    monkeypatch.setattr("training.task_corpora.load_corpus", lambda _: corpus)
    loaded = types.SimpleNamespace(tree_search=None)
    monkeypatch.setattr("models.exported.Exported", lambda _: types.SimpleNamespace(loaded=loaded))
    drawn = [module.Way("twice", 7, lambda num, _: np.tile(rows, [num // 4, 1]))]
    monkeypatch.setattr(module, "ways", lambda *_: drawn)
    found = module.measure(tmp_path, 8)
    figures, words = found["ways"]["twice"], [[3, 4], [3, 5, 6], [3, 4, 5], [5, 4]]
    expected = BleuScorer(words, 4, settings.bleu_variant).sentence_scores(words * 2).mean(axis=0)
    own = self_bleu((words * 2)[: settings.self_bleu_samples], 4, settings.bleu_variant)
    for n in module.ORDERS:
        assert figures[f"bleu_{n}"] == pytest.approx(expected[n - 1])
        assert figures[f"self_bleu_{n}"] == pytest.approx(own[n - 1])
    assert figures["steps"] == 7 and figures["seconds"] > 0 and found["seed"] == settings.seed


def way(bleu, variety, steps=1):
    figures = {f"bleu_{n}": bleu for n in module.ORDERS}
    return {
        **figures,
        **{f"self_bleu_{n}": variety for n in module.ORDERS},
        **{"steps": steps, "seconds": 0.5 * steps},
    }


def test_the_table_by_hand():
    """Between temperatures of (0.7, 0.8) and (0.9, 0.9), a self-BLEU of 0.75 is worth a BLEU of 0.85."""
    runs = [
        {
            "critic": "value network",
            "seed": seed,
            "ways": {
                "temperature 1": way(0.8, 0.7),
                "temperature 0.5": way(0.9, 0.8),
                "guidance 2": way(0.87 + 0.01 * seed, 0.75),
                "4 simulations": way(0.95, 0.85, steps=4),
            },
        }
        for seed in (1, 2)
    ]
    lines = {row[1]: row for row in module.sampling_table(runs).rows}
    assert lines["guidance 2"][:5] == ["value network", "guidance 2", "1, 2", "1", "0.50"]
    assert lines["guidance 2"][5:7] == ["0.885 ± 0.007", "0.750 ± 0.000"]
    assert lines["guidance 2"][-1] == "0.035 ± 0.007"
    assert lines["4 simulations"][-1] == lines["temperature 1"][-1] == "–"
    assert lines["4 simulations"][3:5] == ["4", "2.00"]


def test_a_temperature_is_found_for_one_at_the_ends_of_the_line_and_for_every_seed_or_none():
    ways = {"temperature 1": way(0.8, 0.7), "temperature 0.5": way(0.9, 0.8)}
    ways |= {"low": way(0.85, 0.7), "high": way(0.85, 0.8), "beyond": way(0.85, 0.81)}
    assert module.above_temperature(ways, "low", 2) == pytest.approx(0.05)
    assert module.above_temperature(ways, "high", 2) == pytest.approx(-0.05)
    assert module.above_temperature(ways, "beyond", 2) is None
    ways["guidance 2"], beyond = ways["low"], {**ways, "guidance 2": ways["beyond"]}
    runs = [
        {"critic": "value network", "seed": seed, "ways": of}
        for seed, of in ((1, ways), (2, beyond))
    ]
    lines = {row[1]: row for row in module.sampling_table(runs).rows}
    assert lines["guidance 2"][-1] == "–"  # a mean over one of two seeds would not say so


def test_what_cannot_be_compared_is_refused(monkeypatch, tmp_path):
    with pytest.raises(UsageError, match="no runs are given"):
        module.main([])
    monkeypatch.setattr(module, "load_settings", lambda *_: TEXT_PRESETS["smoke"])
    monkeypatch.setattr("training.task_corpora.load_corpus", lambda _: None)
    none = types.SimpleNamespace(loaded=types.SimpleNamespace())
    monkeypatch.setattr("models.exported.Exported", lambda _: none)
    with pytest.raises(UsageError, match="has no critic in its export, expected a run with"):
        module.main([str(tmp_path)])
