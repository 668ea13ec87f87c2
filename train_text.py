#!/usr/bin/env python
"""Any text: SeqGAN on a UTF-8 file, one sequence a line.

python train_text.py --corpus my_lines.txt               # words
python train_text.py --corpus my_lines.txt --level char --max-length 32
python train_text.py --corpus coco                       # COCO captions, downloaded once
python train_text.py --help                              # every flag
"""

from training.presets import TEXT_PRESETS
from training.script import run_script
from training.task_settings import TextSettings


def make_task(settings: TextSettings):
    """The lines, the measures that all corpora share, and samples as text."""
    from data.text import load_text
    from training.corpus_task import text_task

    corpus = load_text(
        settings.corpus,
        level=settings.level,
        max_length=settings.max_length,
        min_count=settings.min_count,
        max_vocab=settings.max_vocab,
        lowercase=settings.lowercase,
        truncate=settings.truncate,
        split_seed=settings.split_seed,
    )
    return text_task(corpus, settings)


if __name__ == "__main__":
    run_script("text", TEXT_PRESETS, make_task)
