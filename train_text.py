#!/usr/bin/env python
"""Any text: SeqGAN on a UTF-8 file, one sequence a line.

python train_text.py --corpus my_lines.txt               # words; the generator of preset best
python train_text.py --corpus my_lines.txt --preset quick   # SeqGAN, in minutes
python train_text.py --corpus my_lines.txt --level char --max-length 32
python train_text.py --corpus reviews.csv --column text  # a column of CSV or of JSON lines
python train_text.py --corpus coco                       # COCO captions, downloaded once
python train_text.py --corpus news                       # sentences of news, T = 50
python train_text.py --help                              # every flag
"""

import files.script_start  # noqa: F401  # first, since it checks Python and its packages

# isort: split
import argparse
import dataclasses
import sys
from collections.abc import Sequence

from training.presets import TEXT_PRESETS
from training.script import run_script
from training.task_settings import TextSettings


def presets(arguments: Sequence[str]) -> dict[str, TextSettings]:
    """The presets, with the T of the published corpus that `--corpus` names; a flag still decides."""
    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    flags.add_argument("--corpus", nargs="?")
    corpus = flags.parse_known_args(arguments)[0].corpus
    if corpus is None:
        return TEXT_PRESETS
    from data.corpus_files import corpus_length

    return {
        name: dataclasses.replace(preset, max_length=corpus_length(corpus, preset.max_length))
        for name, preset in TEXT_PRESETS.items()
    }


def make_task(settings: TextSettings):
    """The lines, the measures that all corpora share, and samples as text."""
    from training.corpus_task import text_task
    from training.task_corpora import load_corpus

    return text_task(load_corpus(settings), settings)


if __name__ == "__main__":
    run_script("text", presets(sys.argv[1:]), make_task)
