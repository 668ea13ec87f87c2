"""The downloader, against a server on this machine that serves well, badly or not at all."""

import contextlib
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import FrozenInstanceError
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from data import download
from data.download import fetch
from data.source import Source
from files.errors import DataError

REPOSITORY = Path(__file__).resolve().parents[2]
BODY = bytes(range(256)) * 800  # more than one chunk
WRONG = BODY[:-1] + b"!"
HALF = BODY[: len(BODY) // 2]
ANSWERS = {  # body, and the length that the server tells
    "right": (BODY, len(BODY)),
    "wrong": (WRONG, len(WRONG)),
    "half": (HALF, len(BODY)),
    "half-as-if-whole": (HALF, len(HALF)),
}


class Server(ThreadingHTTPServer):
    """A server that notes what it is asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.sent = 0  # bytes of the endless answer
        self.over = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Each address misbehaves in its own way."""

    server: Server

    def log_message(self, *_):
        pass

    def send(self, body, length=None, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def move(self, address):
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.server.asked.append(self.path)
        what = self.path.removeprefix("/")
        if what in ANSWERS:
            self.send(*ANSWERS[what])
        elif what.isdigit():
            self.send(b"no", status=int(what))
        elif what.startswith("moved-to="):
            self.move(what.removeprefix("moved-to="))
        else:
            getattr(self, "serve_" + what.replace("-", "_"))()

    def serve_without_length(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(BODY)

    def serve_second_time(self):
        self.send(*ANSWERS["half" if len(self.server.asked) == 1 else "right"])

    def serve_endless(self):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.server.over.is_set():
                self.wfile.write(BODY)
                self.server.sent += len(BODY)

    def serve_nothing(self):
        self.close_connection = True

    def serve_noise(self):
        self.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")
        self.close_connection = True

    def serve_stalls(self):
        self.send(*ANSWERS["half"])
        self.server.over.wait(10)

    def serve_drips(self):
        self.send(b"", length=len(BODY))
        with contextlib.suppress(OSError):
            while not self.server.over.wait(0.05):
                self.wfile.write(b"x")

    def serve_moved(self):
        self.move("/right")

    def serve_moved_round(self):
        self.move("/moved-round")


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.delenv("SEQGAN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download, "BACK_OFF", 0.01)
    monkeypatch.setattr(download, "PLAIN_HTTP", frozenset({"127.0.0.1"}))
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def make_source(server, what="right", **changes):
    fields = {
        "name": "the test file",
        "url": server and f"http://127.0.0.1:{server.server_address[1]}/{what}",
        "filename": "file.bin",
        "size": len(BODY),
        "sha256": hashlib.sha256(BODY).hexdigest(),
        "licence": "public domain",
        "citation": "nobody",
    }
    return Source(**{**fields, **changes})


def failure(source, **arguments):
    """The message of a `fetch` that fails: one line, and nothing is left in the cache folder."""
    with pytest.raises(DataError) as caught:
        fetch(source, **arguments)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    folder = Path(os.environ["XDG_CACHE_HOME"]) / "seqgan"
    assert not folder.is_dir() or not list(folder.iterdir())
    return message


def test_source_is_frozen(server):
    with pytest.raises(FrozenInstanceError):
        make_source(server).size = 1


@pytest.mark.parametrize("what", ["right", "without-length", "moved", "second-time"])
def test_right_bytes_are_kept_and_not_asked_for_again(server, what, tmp_path):
    source = make_source(server, what)
    path = fetch(source)
    assert path == tmp_path / "cache" / "seqgan" / "file.bin"
    assert path.read_bytes() == BODY
    assert [entry.name for entry in path.parent.iterdir()] == ["file.bin"]
    asked = len(server.asked)
    assert fetch(source) == path
    assert len(server.asked) == asked


def test_file_of_seqgan_data_comes_first(server, tmp_path, monkeypatch):
    fetch(make_source(server))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "file.bin").write_bytes(BODY)
    monkeypatch.setenv("SEQGAN_DATA", str(tmp_path / "own"))
    assert fetch(make_source(server)) == tmp_path / "own" / "file.bin"
    assert server.asked == ["/right"]


def test_other_names_are_found(server, tmp_path, monkeypatch):
    (tmp_path / "file.bin").write_bytes(WRONG)  # a namesake does not hide the file itself
    (tmp_path / "other.bin").write_bytes(BODY)
    source = make_source(server, other_names=("another.bin", "other.bin"))
    assert fetch(source, tmp_path) == tmp_path / "other.bin"
    monkeypatch.setenv("SEQGAN_DATA", str(tmp_path))
    assert fetch(source) == tmp_path / "other.bin"
    assert not server.asked


def test_wrong_file_in_seqgan_data_is_refused(server, tmp_path, monkeypatch):
    (tmp_path / "file.bin").write_bytes(WRONG)
    monkeypatch.setenv("SEQGAN_DATA", str(tmp_path))
    message = failure(make_source(server))
    assert str(tmp_path / "file.bin") in message
    assert hashlib.sha256(WRONG).hexdigest() in message
    assert hashlib.sha256(BODY).hexdigest() in message
    assert (tmp_path / "file.bin").read_bytes() == WRONG
    assert not server.asked


@pytest.mark.parametrize("own_folder", ["", "empty", "missing"])
def test_seqgan_data_without_the_file_leaves_the_cache_folder(
    server, tmp_path, monkeypatch, own_folder
):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("SEQGAN_DATA", own_folder and str(tmp_path / own_folder))
    assert fetch(make_source(server)).parent == tmp_path / "cache" / "seqgan"


def test_wrong_file_in_the_cache_folder_is_replaced(server, tmp_path):
    (tmp_path / "file.bin").write_bytes(WRONG)
    assert fetch(make_source(server), tmp_path).read_bytes() == BODY
    assert server.asked == ["/right"]


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be replaced")
def test_file_is_replaced_at_once(server, tmp_path):
    (tmp_path / "file.bin").write_bytes(WRONG)
    with open(tmp_path / "file.bin", "rb") as reader:
        fetch(make_source(server), tmp_path)
        assert reader.read() == WRONG  # who reads the old file reads it to its end


def test_wrong_file_in_the_cache_folder_is_named_and_left_without_network(server, tmp_path):
    (tmp_path / "file.bin").write_bytes(WRONG)
    message = failure(make_source(server, "404"), folder=tmp_path)
    assert f"{tmp_path / 'file.bin'} has another SHA-256" in message
    assert (tmp_path / "file.bin").read_bytes() == WRONG


def test_cache_folder_without_xdg_or_with_a_relative_one(server, tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for value in (None, "", "relative"):
        if value is None:
            monkeypatch.delenv("XDG_CACHE_HOME")
        else:
            monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert fetch(make_source(server)) == tmp_path / ".cache" / "seqgan" / "file.bin"


def test_no_home_folder(server, monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(DataError, match="set XDG_CACHE_HOME"):
        fetch(make_source(server))


@pytest.mark.parametrize(
    ("what", "reason", "asked"),
    [
        ("wrong", hashlib.sha256(WRONG).hexdigest(), 1),
        ("half", f"{len(HALF)} of {len(BODY)} bytes received", 3),
        ("half-as-if-whole", f"{len(HALF)} of {len(BODY)} bytes received", 3),
        ("404", "HTTP 404, Not Found", 1),
        ("403", "HTTP 403", 1),
        ("429", "HTTP 429", 3),
        ("500", "HTTP 500, Internal Server Error", 3),
        ("nothing", "Remote end closed connection", 3),
        ("noise", "", 3),
        ("moved-round", "HTTP 302", None),
    ],
)
def test_bad_server(server, what, reason, asked):
    message = failure(make_source(server, what))
    assert reason in message
    assert asked in (None, len(server.asked))


def test_no_more_than_the_size_is_read(server):
    message = failure(make_source(server, "endless"))
    assert f"more than the expected {len(BODY)} bytes" in message
    # Besides what is read, the system buffers a few megabytes on the way.
    assert server.sent < 50e6
    assert len(server.asked) == 1


@pytest.mark.slow
@pytest.mark.parametrize("what", ["stalls", "drips"])
def test_slow_server_is_given_up(server, what):
    started = time.monotonic()
    message = failure(make_source(server, what), timeout=0.4, tries=2)
    assert "no answer in time" in message
    assert len(server.asked) == 2
    assert time.monotonic() - started < 8


def test_no_network_is_one_line_that_says_what_to_do(server, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/file"
    message = failure(make_source(server, url=url), hint="or use --oracle seed:1")
    for part in (url, str(tmp_path / "cache" / "seqgan"), "file.bin", "$SEQGAN_DATA"):
        assert part in message
    assert "Connection refused" in message
    assert message.endswith("or use --oracle seed:1.")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.invalid/file",
        "http://127.0.0.1.example.invalid/file",
        "http://127.0.0.1@example.invalid/file",
        "http://localhost/file",
        "https:///file",
        "ftp://example.invalid/file",
        "file:///etc/hostname",
        "data:text/plain,hello",
        "no address",
        "http://[",
        "",
    ],
)
def test_only_https_is_asked(server, monkeypatch, url):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("asked for a host"))
    monkeypatch.setattr(
        download.urllib.request, "build_opener", lambda *_: pytest.fail("opened an address")
    )
    failure(make_source(server, url=url))


@pytest.mark.parametrize(
    "target", ["http://example.invalid/", "ftp://example.invalid/", "file:///etc/hostname"]
)
def test_redirect_away_from_https_is_refused(server, target):
    message = failure(make_source(server, f"moved-to={target}"))
    assert target in message
    assert "expected https" in message or "not allowed" in message  # urllib's own words
    assert len(server.asked) == 1


def test_nothing_but_https_is_asked_unless_a_test_says_so():
    assert download.PLAIN_HTTP == frozenset()
    assert not download._may_be_asked("http://127.0.0.1/file")
    assert download._may_be_asked("https://example.invalid/file")


def test_a_redirect_stays_with_the_hosts_of_the_source():
    changes = {"url": "https://example.invalid/file", "redirects_to": ("files.invalid",)}
    source = make_source(None, **changes)
    request = download.urllib.request.Request(source.url)
    handler = download._Redirects(source)
    for url in (
        *("http://127.0.0.1/file", "http://example.invalid/file", "https://127.0.0.1/file"),
        *("https://other.invalid/file", "https://files.invalid.other.invalid/file"),
        *("https://files.invalid@other.invalid/file", "file:///etc/hostname", "https://", "//"),
    ):
        with pytest.raises(OSError, match="expected https and"):
            handler.redirect_request(request, None, 302, "Found", {}, url)
    for url in ("https://example.invalid/other", "https://files.invalid/file"):
        new = handler.redirect_request(request, None, 302, "Found", {}, url)
        assert new.full_url == url


def test_a_redirect_to_another_host_is_refused(server):
    message = failure(make_source(server, "moved-to=https://other.invalid/file"))
    assert "a redirect to https://other.invalid/file, expected https and 127.0.0.1" in message
    assert len(server.asked) == 1


def test_a_file_of_another_size_is_not_read(server, tmp_path, monkeypatch):
    with open(tmp_path / "file.bin", "wb") as file:
        file.truncate(1 << 40)  # to read it would take an hour
    monkeypatch.setenv("SEQGAN_DATA", str(tmp_path))
    message = failure(make_source(server))
    assert f"{tmp_path / 'file.bin'} has SHA-256 none, with {1 << 40} bytes, expected" in message
    (tmp_path / "file.bin").write_bytes(BODY[:-1])
    assert f"none, with {len(BODY) - 1} bytes" in failure(make_source(server))


def test_folder_that_is_a_file(server, tmp_path):
    (tmp_path / "taken").write_text("here already")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "below"):
        message = failure(make_source(server), folder=folder)
        assert f"{folder / 'file.bin'} cannot be written" in message
    assert not server.asked


def test_file_name_taken_by_a_folder(server, tmp_path):
    (tmp_path / "file.bin").mkdir()
    message = failure(make_source(server), folder=tmp_path)
    assert f"{tmp_path / 'file.bin'} cannot be written" in message
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.bin"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_folder_without_permission(server, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    message = failure(make_source(server), folder=folder)
    assert "cannot be written (Permission denied)" in message
    assert not server.asked


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything"
)
def test_file_without_permission(server, tmp_path, monkeypatch):
    (tmp_path / "file.bin").write_bytes(BODY)
    (tmp_path / "file.bin").chmod(0)
    monkeypatch.setenv("SEQGAN_DATA", str(tmp_path))
    assert "file.bin cannot be read (Permission denied)" in failure(make_source(server))


def test_interrupt_leaves_nothing(server, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_body", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(make_source(server), tmp_path / "folder")
    assert not list((tmp_path / "folder").iterdir())


def test_several_at_once(server, tmp_path):
    paths = []
    source = make_source(server)
    threads = [
        threading.Thread(target=lambda: paths.append(fetch(source, tmp_path / "folder")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths == [tmp_path / "folder" / "file.bin"] * 8
    assert paths[0].read_bytes() == BODY
    assert len(list((tmp_path / "folder").iterdir())) == 1


def test_at_least_one_try(server):
    with pytest.raises(ValueError, match="expected at least 1"):
        fetch(make_source(server), tries=0)


def test_error_is_one_line():
    assert str(DataError("a name\nwith\r\nbreaks")) == "a name with breaks"
    assert issubclass(DataError, ValueError)


# The progress bar, and its absence.


def script(source, folder):
    return (
        "from data import download; from data.download import *; import pathlib;"
        "download.PLAIN_HTTP = frozenset({'127.0.0.1'});"
        f"print(fetch({source!r}, pathlib.Path({str(folder)!r})))"
    )


def test_without_a_terminal_nothing_is_printed(server, tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", script(make_source(server), tmp_path / "folder")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=30,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.strip() == str(tmp_path / "folder" / "file.bin")


@pytest.mark.skipif(os.name != "posix", reason="closes the streams by a POSIX shell")
def test_with_streams_closed(server, tmp_path):
    code = script(make_source(server), tmp_path / "folder")
    command = ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, code]
    assert subprocess.run(command, cwd=REPOSITORY, timeout=30).returncode == 0
    assert (tmp_path / "folder" / "file.bin").read_bytes() == BODY


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_there_is_a_bar_on_stderr(server, tmp_path):
    here, there = os.openpty()
    try:
        result = subprocess.run(
            [sys.executable, "-c", script(make_source(server), tmp_path / "folder")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=there,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, "TERM": "xterm"},
            timeout=30,
        )
        printed = os.read(here, 1 << 16).decode()
    finally:
        os.close(here)
        os.close(there)
    assert result.returncode == 0
    assert "the test file" in printed
    assert result.stdout.strip() == str(tmp_path / "folder" / "file.bin")


@pytest.mark.parametrize("closed", [False, True])
def test_stderr_missing_or_closed(server, tmp_path, monkeypatch, closed):
    stream = None
    if closed:
        stream = open(tmp_path / "log", "w")
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sys, "stdin", None)
    path = fetch(make_source(server), tmp_path / "folder")
    monkeypatch.undo()
    assert path.read_bytes() == BODY


def first_bytes(path: Path) -> str:
    """A manifest that leaves the rest of a file open, as that of an archive leaves its packing."""
    content = path.read_bytes()
    if content[:1] != b"\0":
        raise DataError(f"{path} is no archive.")
    return content[:8].hex()


RIGHT_MANIFEST = BODY[:8].hex()


def by_manifest(server, what, manifest=RIGHT_MANIFEST):
    changes = {"sha256": "", "manifest": manifest, "manifest_of": first_bytes}
    return make_source(server, what, size=len(BODY), size_is_a_bound=True, **changes)


def test_an_archive_is_known_by_its_manifest_however_it_is_packed(server, tmp_path, monkeypatch):
    path = fetch(by_manifest(server, "wrong"))  # other bytes, the same manifest
    assert path.read_bytes() == WRONG
    assert fetch(by_manifest(server, "wrong")) == path and len(server.asked) == 1


def test_an_archive_of_another_manifest_is_refused_and_not_kept(server, tmp_path):
    with pytest.raises(DataError) as caught:
        fetch(by_manifest(server, "right", manifest="ff" * 8), tmp_path / "kept")
    message = str(caught.value)
    assert f"digest of its members {BODY[:8].hex()}, expected {'ff' * 8}" in message
    assert not list((tmp_path / "kept").iterdir())


def test_what_is_no_archive_is_refused(server, tmp_path, monkeypatch):
    source = by_manifest(server, "right")
    monkeypatch.setenv("SEQGAN_DATA", str(tmp_path))
    (tmp_path / source.filename).write_bytes(b"hello")
    with pytest.raises(DataError, match="has digest of its members none, expected"):
        fetch(source)
