"""The name that its settings give a run, which its default folder has."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from training.options import options_of
from training.settings import Settings
from training.stored_settings import changed_settings, preset_of
from training.task_settings import CorpusSettings, OracleSettings, TextSettings

# Characters that the changed settings may take: with the other parts and the path, Windows has room.
MOST_CHARACTERS = 80


def run_name(task: str, settings: Settings) -> str:
    """`TASK[-DATA]-ALGORITHM[-REWARD][-CHANGES]-PRESET-seedN`.

    DATA and REWARD are there where they are not the usual ones, CHANGES where a setting differs from
    the preset: `mle_epochs_6`, `num_rollouts_4-reward_baseline_batch`.
    """
    data = ""
    if isinstance(settings, OracleSettings):
        if settings.oracle != preset_of(settings).oracle:
            data = settings.oracle.replace(":", "")
    elif isinstance(settings, CorpusSettings) and settings.corpus != preset_of(settings).corpus:
        data = _plain(Path(settings.corpus).stem).removeprefix(f"{task}-")
    reward = "" if settings.reward == "discriminator" else settings.reward
    changes = _in_words(_naming_changes(settings))
    parts = (task, data, settings.algorithm, reward, changes, settings.preset)
    return "-".join(part for part in (*parts, f"seed{settings.seed}") if part)


def _naming_changes(settings: Settings) -> dict[str, Any]:
    """Settings that differ from the preset, except those with a separate part in the name.

    How a run is executed names nothing, nor does the length that a published corpus brings.
    """
    options = options_of(settings)
    changed = {
        name: value
        for name, value in changed_settings(settings).items()
        if name != "reward" and options[name].group != "Execution"
    }
    if isinstance(settings, TextSettings) and "max_length" in changed:
        from data.corpus_files import corpus_length

        usual = corpus_length(settings.corpus, preset_of(settings).max_length)
        if changed["max_length"] == usual:
            changed.pop("max_length")
    return changed


def _in_words(changed: dict[str, Any]) -> str:
    """`mle_epochs_6-lowercase`; what does not fit into `MOST_CHARACTERS` becomes a number and a hash."""
    words = [_word(name, value) for name, value in changed.items()]
    text = "-".join(words)
    if len(text) <= MOST_CHARACTERS:
        return text
    content = json.dumps(changed, sort_keys=True)
    digest = hashlib.sha256(content.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    for shown in reversed(range(len(words))):
        text = "-".join([*words[:shown], f"{len(words) - shown}_more_{digest}"])
        if len(text) <= MOST_CHARACTERS:
            break
    return text


def _word(name: str, value: Any) -> str:
    """A changed setting as a part of a folder's name."""
    if isinstance(value, bool):
        return name if value else f"no_{name}"
    values = value if isinstance(value, list | tuple) else [value]
    return "_".join([name, *(_plain(str(each), ".+") for each in values)])


def _plain(text: str, allowed: str = "") -> str:
    """The text without what a file name may not hold everywhere."""
    return re.sub(rf"[^\w{allowed}-]+", "_", text)


def default_folder(task: str, settings: Settings) -> Path:
    """`--out`, or a folder of `runs/` with the name of the run."""
    return settings.out or Path("runs") / run_name(task, settings)
