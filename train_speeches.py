#!/usr/bin/env python
"""Political speeches: SeqGAN on sentences of words (Table 3 of Yu et al., 2017).

python train_speeches.py                              # downloads the paper's corpus once
python train_speeches.py --corpus speeches-paragraphs # another compilation, taken where that fails
python train_speeches.py --corpus speeches-excerpt    # a part of it
python train_speeches.py --corpus sample              # small, no download
python train_speeches.py --help                       # every flag
"""

import files.script_start  # noqa: F401  # first, since it checks Python and its packages

# isort: split
import dataclasses

from training.presets import SPEECH_PRESETS
from training.script import run_script
from training.task_settings import SpeechSettings


def settle(settings: SpeechSettings) -> SpeechSettings:
    """The settings with the compilation that can be had, so that the run is named after it."""
    from data.speeches import available

    return dataclasses.replace(settings, corpus=str(available(settings.corpus)))


def make_task(settings: SpeechSettings):
    """The speeches, the measures of Table 3, and samples as text."""
    from training.corpus_task import text_task
    from training.task_corpora import load_corpus

    return text_task(load_corpus(settings), settings)


if __name__ == "__main__":
    run_script("speeches", SPEECH_PRESETS, make_task, settle=settle)
