"""Published files: found where the user put them, or downloaded once and verified."""

import contextlib
import http.client
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from data.source import Source
from files.errors import DataError

CHUNK_BYTES = 1 << 16
BACK_OFF = 0.5  # seconds before the second try, doubled before each further one
SLOWEST = 1024  # bytes a second; a server that drips slower than this is given up
PLAIN_HTTP: frozenset[str] = frozenset()  # hosts asked without encryption: only tests name one


class NotDownloaded(DataError):
    """A file is neither on this machine nor can be downloaded."""


def fetch(
    source: Source,
    folder: Path | None = None,
    *,
    timeout: float = 30,
    tries: int = 3,
    hint: str = "",
) -> Path:
    """Path of the source's file: in `$SEQGAN_DATA`, in the cache folder, or downloaded into that.

    Whatever is returned has the right digest. A file that is already there needs no network.

    Args:
        source: what to find.
        folder: takes the place of the cache folder, `$XDG_CACHE_HOME/seqgan` or `~/.cache/seqgan`.
        timeout: seconds without an answer after which a try has failed.
        tries: number of attempts, at least 1.
        hint: what else the user can do, added to the message when the download fails.

    Raises:
        DataError: the file in `$SEQGAN_DATA` is another one, the download fails, or the folder
            cannot be written.
    """
    if tries < 1:
        raise ValueError(f"`tries` is {tries}, expected at least 1.")
    if (right := find(source, folder)) is not None:
        return right
    folder = _cache_folder() if folder is None else Path(folder)
    _, wrong = _look(source, folder)

    path = folder / source.filename
    fix = f"put the file into {folder} as {source.filename}, or into the folder $SEQGAN_DATA names"
    fix += f", {hint}" if hint else ""
    fix += f" ({wrong} has another {source.digest_name}, so it is not this file)" if wrong else ""
    aside = path.with_name(f".{source.filename}.{secrets.token_hex(4)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Opened before the download: a folder that cannot be written is reported at once.
        with open(aside, "xb") as file:
            file.write(_download(source, timeout, tries, fix))
        if source.manifest and (found := _digest(source, aside)) != source.manifest:
            raise DataError(
                f"{source.name} came from {source.url} with {source.digest_name} {found}, expected "
                f"{source.manifest}: {fix}."
            )
        os.replace(aside, path)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({_reason(error)}), expected a folder for {source.name}: "
            "set XDG_CACHE_HOME to a folder that can be written, or SEQGAN_DATA to one that holds "
            f"the file of {source.url}."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
    return path


def find(source: Source, folder: Path | None = None) -> Path | None:
    """Path of the source's file where it is on this machine already, as `fetch` looks for it.

    Raises:
        DataError: the file in `$SEQGAN_DATA` is another one.
    """
    own_folder = os.environ.get("SEQGAN_DATA")
    if own_folder:
        right, wrong = _look(source, Path(own_folder))
        if right:
            return right
        if wrong:
            raise DataError(
                f"{wrong} has {source.digest_name} {_digest(source, wrong)}, expected "
                f"{source.digest} for {source.name}: put the file of {source.url} there, or unset SEQGAN_DATA."
            )
    return _look(source, _cache_folder() if folder is None else Path(folder))[0]


def _look(source: Source, folder: Path) -> tuple[Path | None, Path | None]:
    """The source's file in a folder; failing that, a file that only has its name."""
    wrong = None
    for name in (source.filename, *source.other_names):
        path = folder / name
        if path.is_file():
            if _digest(source, path) == source.digest:
                return path, None
            wrong = wrong or path
    return None, wrong


def _cache_folder() -> Path:
    # A relative XDG_CACHE_HOME is to be ignored, says its specification.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        try:
            base = Path.home() / ".cache"
        except RuntimeError as error:
            raise DataError(
                "There is no home folder to keep downloads in: set XDG_CACHE_HOME to a folder."
            ) from error
    return base / "seqgan"


def _digest(source: Source, path: Path) -> str:
    if source.manifest_of is not None:
        try:
            return source.manifest_of(path)
        except DataError:
            return "none"
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > source.size or (size < source.size and not source.size_is_a_bound):
                return f"none, with {size} bytes"  # not to be read, however long it takes
            digest = source.new_hash(size)
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({_reason(error)}), expected a readable file: "
            "fix its permissions or remove it."
        ) from error
    return digest.hexdigest()


def _download(source: Source, timeout: float, tries: int, fix: str) -> bytes:
    """The source's bytes, checked; `DataError` ending in `fix` when every try fails."""
    reason = ""
    for attempt in range(tries):
        if attempt:
            time.sleep(BACK_OFF * 2 ** (attempt - 1))
        try:
            return _body(source, timeout)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = _reason(error)
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            if not _may_pass(error):
                break
    raise NotDownloaded(
        f"{source.name} could not be downloaded from {source.url} ({reason}): {fix}."
    )


def _may_pass(error: Exception) -> bool:
    """Whether to retry: after a lost connection, but not after a missing page or a wrong hash."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= 500 or error.code in (408, 429)
    return not isinstance(error, ValueError)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code}, {error.reason}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return _reason(error.reason)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _body(source: Source, timeout: float) -> bytes:
    """One try. `ValueError` for what no other try would change, else the network's own errors."""
    if not _may_be_asked(source.url):
        raise ValueError("expected an https address")
    request = urllib.request.Request(source.url, headers={"User-Agent": "seqgan"})
    opener = urllib.request.build_opener(_Redirects(source))
    body = bytearray()
    at_least = source.size
    started = time.monotonic()
    with opener.open(request, timeout=timeout) as response, _progress_bar() as progress:
        if source.size_is_a_bound:
            at_least = int(response.headers.get("Content-Length") or 0)
        task = progress.add_task(source.name, total=at_least or None)
        # One byte more than expected shows that there are too many, whatever the server promises.
        while chunk := response.read1(min(CHUNK_BYTES, source.size + 1 - len(body))):
            body += chunk
            progress.update(task, completed=len(body))
            if len(body) > source.size:
                most = "at most " if source.size_is_a_bound else ""
                raise ValueError(f"more than the expected {most}{source.size} bytes")
            seconds = time.monotonic() - started
            if seconds > timeout and len(body) < seconds * SLOWEST:
                raise TimeoutError
    if len(body) < at_least:
        raise ConnectionError(f"{len(body)} of {at_least} bytes received")
    if source.manifest:
        return bytes(body)  # an archive is checked once it is a file
    digest = source.new_hash(len(body))
    digest.update(body)
    if digest.hexdigest() != source.digest:
        raise ValueError(
            f"the downloaded file has {source.digest_name} {digest.hexdigest()}, expected {source.digest}"
        )
    return bytes(body)


def _may_be_asked(url: str) -> bool:
    address = urlsplit(url)
    plain = address.scheme == "http" and address.hostname in PLAIN_HTTP
    return bool(address.hostname) and (address.scheme == "https" or plain)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect by https, to the source's own host or to one that the source names."""

    def __init__(self, source: Source):
        self.hosts = (urlsplit(source.url).hostname or "", *source.redirects_to)

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if not _may_be_asked(newurl) or urlsplit(newurl).hostname not in self.hosts:
            reason = f"a redirect to {newurl:.200}, expected https and {' or '.join(self.hosts)}"
            raise urllib.error.HTTPError(req.full_url, code, reason, headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _progress_bar() -> Progress:
    """A bar on stderr; a silent one where stderr is no terminal, closed or missing."""
    try:
        on_terminal = sys.stderr.isatty()
    except (AttributeError, ValueError):
        on_terminal = False
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not on_terminal,
    )
