"""The file of a corpus, by its name or its path, and where it comes from."""

import os
from pathlib import Path
from typing import Any

from data.corpora import CORPORA, OF_TASK, SAMPLES, SAMPLES_FOLDER
from data.download import fetch, find
from data.python_docs import MAX_LENGTH as PYTHON_LENGTH
from data.python_docs import NAME as PYTHON
from data.python_docs import topics_file
from files.errors import DataError
from files.hashing import sha256


def corpus_file(corpus: str | Path, task: str) -> Path:
    """The file of a corpus, downloaded if missing.

    Args:
        corpus: "sample", a name of `CORPORA` (a file of that name is `./name`), "python" for text, or
            a path.
        task: a name of `SAMPLES`, which says what "sample" is.

    Raises:
        DataError: the corpus is unknown, or cannot be downloaded.
    """
    if corpus == "sample":
        return SAMPLES_FOLDER / SAMPLES[task]
    if corpus == PYTHON and task == "text":
        return topics_file()
    if corpus in OF_TASK[task]:
        source = CORPORA[str(corpus)]
        return fetch(source, hint="or use --corpus sample, which needs no download")
    if corpus in CORPORA or not os.path.exists(corpus):
        names = ["sample", *([PYTHON] if task == "text" else []), *OF_TASK[task]]
        what = "it is for another script" if corpus in CORPORA else "there is no such file"
        raise DataError(
            f"--corpus is {corpus}, expected {', '.join(names)} or the path of a file: {what}."
        )
    return Path(corpus)


def is_here(corpus: str | Path) -> bool:
    """Whether all files of a corpus are on this machine, so that `corpus_file` downloads nothing."""
    source = CORPORA.get(str(corpus))
    if source is None:
        return corpus in ("sample", PYTHON) or os.path.exists(corpus)
    return find(source) is not None and (not source.test or is_here(source.test))


def corpus_length(corpus: str | Path, otherwise: int) -> int:
    """T of a corpus that has its own, `otherwise` for every other corpus."""
    if corpus == PYTHON:
        return PYTHON_LENGTH
    source = CORPORA.get(str(corpus))
    return (source.max_length if source else None) or otherwise


def origin(corpus: str | Path, path: Path, test_path: Path | None = None) -> dict[str, str]:
    """Provenance of a corpus for result files, with the SHA-256 of each file.

    Args:
        corpus: as given to `corpus_file`.
        path: what that returned.
        test_path: file of the published test part.
    """
    about = {"corpus": str(corpus), "file": path.name}
    if path.is_file():
        about["sha256"] = sha256(path)
    if test_path is not None:
        about |= {"test_file": test_path.name, "test_sha256": sha256(test_path)}
    if corpus == "sample":
        about["note"] = "a small corpus written for this project, not the paper's data"
    elif corpus == PYTHON and path != Path(PYTHON):
        about |= {"licence": "PSF License", "note": "the language reference of the Python that ran"}
    elif corpus in CORPORA:
        source = CORPORA[str(corpus)]
        about |= {"url": source.url, "licence": source.licence, "citation": source.citation}
        about |= {"test_url": CORPORA[source.test].url} if test_path is not None else {}
        about |= {"note": source.note} if source.note else {}
    else:
        about["corpus"] = "your own file"
        about["note"] = "not the paper's data"
    return about


def input_digests(provenance: dict[str, Any]) -> dict[str, str]:
    """SHA-256 of each input that a corpus was made of, by what the input is.

    Args:
        provenance: of the corpus.
    """
    names = {"corpus": "sha256", "test corpus": "test_sha256"}
    return {name: provenance[key] for name, key in names.items() if key in provenance}
