"""The table of corpora, the files behind it, and the published corpora themselves."""

import hashlib
import itertools
import os
import threading
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from data import corpus_files, download
from data.corpora import CORPORA, SAMPLES
from data.corpus_files import corpus_file, corpus_length, input_digests, origin
from data.download import fetch
from data.poems import format_poem, load_poems, read_poems
from data.source import Source
from data.speeches import available, load_speeches, read_speeches
from data.text import detokenize, load_text, read_text, words
from files.errors import DataError

REPOSITORY = Path(__file__).resolve().parents[2]
BODY = b"four lines of text\n" * 10_000


def git_blob(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture
def published(monkeypatch):
    """Makes a published corpus findable without a network; skips the test where it is missing."""
    folder = Path(os.environ.get("SEQGAN_DATA") or REPOSITORY.parent / "shared" / "data")
    monkeypatch.setenv("SEQGAN_DATA", str(folder))

    def find(name):
        source = CORPORA[name]
        for filename in (source.filename, *source.other_names):
            if (folder / filename).is_file():
                return corpus_file(name, "text")
        pytest.skip(f"{source.name}: no {source.filename} in {folder}; set SEQGAN_DATA")

    return find


# The table.


@pytest.mark.parametrize("name", CORPORA)
def test_table(name):
    source = CORPORA[name]
    address = urlsplit(source.url)
    assert address.scheme == "https"
    assert address.hostname in ("raw.githubusercontent.com", "github.com")
    commit = Path(address.path).stem if source.manifest else address.path.split("/")[3]
    assert len(commit) == 40 and int(commit, 16)  # no branch: its files may change
    assert len(source.digest) == (40 if source.git_blob else 64) and int(source.digest, 16)
    assert source.licence and source.citation and source.size > 0
    assert name != "sample" and "/" not in source.filename


def test_names_of_files_are_different():
    sources = {source.sha256 or source.name: source for source in CORPORA.values()}.values()
    names = [name for source in sources for name in (source.filename, *source.other_names)]
    assert len(set(names)) == len(names) > 12


@pytest.mark.parametrize("task", SAMPLES)
def test_samples_are_there(task, monkeypatch):
    monkeypatch.setenv("SEQGAN_DATA", "/nowhere")
    path = corpus_file("sample", task)
    assert path.is_file()
    about = origin("sample", path)
    assert "not the paper's data" in about["note"]
    assert about["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("load", [load_poems, load_speeches, load_text])
def test_samples_can_be_loaded(load):
    corpus = load("sample")
    sizes = [len(part) for part in (corpus.train, corpus.validation, corpus.test)]
    assert sum(sizes) >= 120 and min(sizes) >= 5
    assert corpus.provenance["repeats"] == 0
    assert corpus.provenance["skipped"].get("too long", 0) == 0


def test_path_of_a_file(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("one\n")
    assert corpus_file(path, "text") == corpus_file(str(path), "text") == path
    about = origin(path, path)
    assert (about["file"], about["note"]) == ("own.txt", "not the paper's data")
    assert str(tmp_path) not in str(about)  # a result may be published
    with pytest.raises(
        DataError, match=r"expected sample, python, poems, .* or the path of a file"
    ):
        corpus_file(tmp_path / "missing.txt", "text")


def test_a_corpus_is_here_with_all_its_files(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQGAN_DATA", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "_download", lambda *_: pytest.fail("it was asked for"))
    for name in ("coco", "coco-test"):
        content = f"a line of {name}\n".encode()
        digest = hashlib.sha256(content).hexdigest()
        source = replace(CORPORA[name], sha256=digest, size=len(content))
        monkeypatch.setitem(CORPORA, name, source)
        assert not corpus_files.is_here("coco")
        folder = tmp_path / ("own" if name == "coco" else "cache/seqgan")
        folder.mkdir(parents=True)
        (folder / source.filename).write_bytes(content)
    assert corpus_files.is_here("coco") and corpus_files.is_here("coco-test")
    assert corpus_files.is_here("sample") and not corpus_files.is_here("news")
    assert corpus_files.is_here(tmp_path) and not corpus_files.is_here(tmp_path / "missing.txt")


# Downloads: a git blob id, and a size that is not known.


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        body = {"/wrong": BODY[:-1] + b"!", "/long": BODY + b"!" * 100_000}.get(self.path, BODY)
        self.send_response(200)
        if self.path != "/without-length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = self.path == "/half" or (self.path == "/half-once" and len(self.server.asked) == 1)
        self.wfile.write(body[: len(body) // 2] if half else body)


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.delenv("SEQGAN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download, "BACK_OFF", 0.01)
    monkeypatch.setattr(download, "PLAIN_HTTP", frozenset({"127.0.0.1"}))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def make_source(server, what="right", **changes):
    fields = {
        "name": "the test file",
        "url": f"http://127.0.0.1:{server.server_address[1]}/{what}",
        "filename": "file.txt",
        "size": len(BODY) + 50_000,
        "size_is_a_bound": True,
        "sha256": "",
        "git_blob": git_blob(BODY),
        "licence": "public domain",
        "citation": "nobody",
    }
    return Source(**{**fields, **changes})


@pytest.mark.parametrize("what", ["right", "without-length", "half-once"])
def test_right_bytes_by_their_blob_id(server, what, tmp_path, monkeypatch):
    source = make_source(server, what)
    path = fetch(source)
    assert path.read_bytes() == BODY
    asked = len(server.asked)
    assert asked == (2 if what == "half-once" else 1)
    assert fetch(source) == path
    monkeypatch.setenv("SEQGAN_DATA", str(path.parent))
    assert fetch(source, tmp_path / "other") == path
    assert len(server.asked) == asked


@pytest.mark.parametrize(
    "what, reason, asked",
    [
        ("wrong", f"has git blob id {git_blob(BODY[:-1] + b'!')}, expected {git_blob(BODY)}", 1),
        ("long", f"more than the expected at most {len(BODY) + 50_000} bytes", 1),
        ("half", f"{len(BODY) // 2} of {len(BODY)} bytes received", 3),
    ],
)
def test_wrong_bytes(server, what, reason, asked, tmp_path):
    with pytest.raises(DataError) as caught:
        fetch(make_source(server, what))
    assert reason in str(caught.value)
    assert len(server.asked) == asked
    assert not list((tmp_path / "cache" / "seqgan").iterdir())


def test_wrong_file_in_seqgan_data(server, tmp_path, monkeypatch):
    (tmp_path / "file.txt").write_bytes(BODY + b"!")
    monkeypatch.setenv("SEQGAN_DATA", str(tmp_path))
    with pytest.raises(DataError) as caught:
        fetch(make_source(server))
    assert f"has git blob id {git_blob(BODY + b'!')}, expected {git_blob(BODY)}" in str(
        caught.value
    )
    assert not server.asked


def test_one_digest_is_needed():
    for digests in ({"sha256": "", "git_blob": ""}, {"sha256": "12", "git_blob": "34"}):
        with pytest.raises(ValueError, match="expected one of the three"):
            Source("a", "https://a", "a", 1, licence="", citation="", **digests)


def test_no_network_names_the_sample(server, monkeypatch, tmp_path):
    source = make_source(server)
    server.shutdown()
    server.server_close()
    other = make_source(server, "other", filename="other.txt")
    monkeypatch.setitem(CORPORA, "speeches", source)
    monkeypatch.setitem(CORPORA, "speeches-paragraphs", other)
    with pytest.raises(DataError) as caught:
        load_speeches("speeches")
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    for part in (source.url, str(tmp_path / "cache" / "seqgan"), "file.txt", "--corpus sample"):
        assert part in message


def test_other_speeches_take_the_place_of_those_that_cannot_be_had(server, monkeypatch, capsys):
    text = "".join(f"This is number {k}. It is not {k % 3}.\n" for k in range(99)).encode()
    gone = make_source(server, "wrong")
    other = make_source(
        server, "other", filename="other.txt", git_blob=git_blob(text), note="another compilation"
    )
    monkeypatch.setitem(CORPORA, "speeches", gone)
    monkeypatch.setitem(CORPORA, "speeches-paragraphs", other)
    cache = Path(os.environ["XDG_CACHE_HOME"]) / "seqgan"
    cache.mkdir(parents=True)
    (cache / "other.txt").write_bytes(text)
    assert available("speeches") == "speeches-paragraphs"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: the test file could not be downloaded from {gone.url}")
    assert line.endswith("Using --corpus speeches-paragraphs: another compilation.")
    provenance = load_speeches("speeches").provenance
    assert (provenance["corpus"], provenance["file"]) == ("speeches-paragraphs", "other.txt")
    assert provenance["sha256"] == hashlib.sha256(text).hexdigest()

    # The paper's own, as soon as it is there, and never another for another corpus.
    monkeypatch.setitem(CORPORA, "speeches", make_source(server, "right"))
    assert available("speeches") == "speeches"
    assert available("sample") == "sample"
    (cache / "file.txt").write_bytes(BODY + b"!")
    monkeypatch.setenv("SEQGAN_DATA", str(cache))
    with pytest.raises(DataError, match=r"file\.txt has git blob id"):
        available("speeches")


def test_a_corpus_of_another_form_is_refused():
    for corpus, task in (("nottingham", "text"), ("coco", "poems"), ("poems", "music")):
        with pytest.raises(
            DataError, match=f"--corpus is {corpus}, .* for another script"
        ) as caught:
            corpus_file(corpus, task)
        assert f" {corpus}," not in str(caught.value).partition("expected")[2]


def test_digests_of_inputs(tmp_path):
    assert input_digests({"sha256": "12", "test_sha256": "34"}) == {
        "corpus": "12",
        "test corpus": "34",
    }
    assert input_digests({"corpus": "a"}) == {}
    for task in SAMPLES:
        digest = hashlib.sha256(corpus_file("sample", task).read_bytes()).hexdigest()
        assert input_digests(origin("sample", corpus_file("sample", task))) == {"corpus": digest}


def test_length_of_a_corpus(tmp_path):
    assert [corpus_length(name, 20) for name in ("news", "coco", "sample", tmp_path)] == (
        [50, 20, 20, 20]
    )


# The published corpora.


def test_poems(published):
    path = published("poems")
    poems = list(read_poems(path))
    assert len(poems) == 16_394
    assert len({tuple(poem) for poem in poems}) == 15_993
    characters = Counter(itertools.chain.from_iterable(poems))
    assert len(characters) == 4_769
    assert sum(count >= 2 for count in characters.values()) == 4_059

    corpus = load_poems("poems")
    provenance = corpus.provenance
    assert (provenance["lines"], provenance["repeats"]) == (16_394, 401)
    assert [provenance[part] for part in ("train", "validation", "test")] == [14_394, 799, 800]
    assert provenance["vocabulary"] == corpus.vocabulary.size == 4_698
    assert provenance["unknown_share"]["train"] == 0
    assert 0 < provenance["unknown_share"]["test"] < 0.01
    assert provenance["split_hash"] == (
        "fa21dc3ed917286a500dd83130534b23305880c1009df51e4118e5fbeb8b49ac"
    )
    assert provenance["url"] == CORPORA["poems"].url


def test_every_poem_comes_back(published):
    lines = published("poems").read_text(encoding="utf-8").splitlines()
    for line, poem in zip(lines, read_poems(published("poems")), strict=True):
        assert format_poem(poem).replace("\n", "") == line.replace(" ", "")


@pytest.mark.slow
def test_excerpt_of_the_speeches(published):
    path = published("speeches-excerpt")
    corpus = load_speeches("speeches-excerpt")
    provenance = corpus.provenance
    assert provenance["lines"] == 4_205  # the last one has no line feed
    assert provenance["skipped"] == {"blank": 696, "without letters": 30, "too long": 5_644}
    assert (provenance["sequences"], provenance["repeats"]) == (12_643, 226)
    assert [provenance[part] for part in ("train", "validation", "test")] == [5_758, 338, 677]
    assert provenance["vocabulary"] == 5_000
    assert provenance["split_hash"] == (
        "7deb9a5a60f793792ea6188a69a24092eb54957ec268ad3b8c272fd153d11728"
    )
    assert provenance["unknown_share"]["train"] < 0.02
    assert provenance["unknown_share"]["test"] < 0.06
    assert "compares with nothing published" in provenance["note"]
    for unit in ("sentences", "paragraphs"):
        for tokens in read_speeches(path, unit):
            assert words(detokenize(tokens)) == tokens


def test_captions(published):
    published("coco-test")
    path = published("coco")
    corpus = load_text("coco")
    provenance = corpus.provenance
    assert provenance["lines"] == 20_000
    assert provenance["skipped"] == {"too long": 178}
    assert [provenance[part] for part in ("train", "validation", "test")] == [9_350, 492, 9_797]
    assert provenance["vocabulary"] == 4_490
    assert provenance["split_hash"] == (
        "f73473745155038b8acc4f8a9c2f74a2439fee12d262a88679d703788daf7261"
    )
    assert input_digests(provenance) == {
        "corpus": CORPORA["coco"].sha256,
        "test corpus": CORPORA["coco-test"].sha256,
    }
    rows = [{row.tobytes() for row in part} for part in (corpus.train, corpus.test)]
    assert not rows[0] & rows[1]
    lines = path.read_text(encoding="utf-8").splitlines()
    for line, tokens in zip(lines, read_text(path, "word"), strict=True):
        assert words(detokenize(tokens)) == tokens
        assert detokenize(tokens).replace(" ", "") == line.replace(" ", "")


def test_captions_by_character(published):
    published("coco-test")
    path = published("coco")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert ["".join(tokens) for tokens in read_text(path, "char")] == lines
    corpus = load_text("coco", level="char", max_length=60)
    decoded = {"".join(corpus.vocabulary.decode(row)) for row in corpus.train}
    assert decoded <= set(lines)
    assert np.all((corpus.train != 0).sum(axis=1) <= 60)


def test_news(published):
    published("news-test")
    path = published("news")
    corpus = load_text("news")
    provenance = corpus.provenance
    assert (corpus.max_length, provenance["lines"], provenance["skipped"]) == (50, 20_000, {})
    assert [provenance[part] for part in ("train", "validation", "test")] == [9_500, 500, 10_000]
    assert (provenance["vocabulary"], provenance["repeats"]) == (5_547, 0)
    assert provenance["split_hash"] == (
        "f86ec1704762046f34ec5754ed9039c569b3a2233499c8719309d774d7e54c4c"
    )
    assert provenance["unknown_share"]["test"] < 0.01
    assert list(input_digests(provenance).values()) == [
        CORPORA["news"].sha256,
        CORPORA["news-test"].sha256,
    ]
    with pytest.raises(DataError, match=r"left out: 20,000 too long.*--max-length 40"):
        load_text("news", max_length=20)
    for tokens in read_text(path, "word"):
        assert words(detokenize(tokens)) == tokens


@pytest.mark.slow
def test_paragraphs_of_the_speeches(published):
    published("speeches-paragraphs")
    provenance = load_speeches("speeches-paragraphs").provenance
    assert provenance["skipped"] == {"too long": 16_484}
    assert (provenance["sequences"], provenance["repeats"]) == (36_686, 1_015)
    assert [provenance[part] for part in ("train", "validation", "test")] == [16_309, 959, 1_919]
    assert provenance["split_hash"] == (
        "fe9b31123be1e44fc646febd38c75987e1fee8bd4ca6a8cf94538368239d6220"
    )
    assert "another compilation than the paper's" in provenance["note"]
    paragraphs = load_speeches("speeches-paragraphs", unit="paragraphs").provenance
    assert paragraphs["sequences"] == 9_840  # the last one has no line feed
