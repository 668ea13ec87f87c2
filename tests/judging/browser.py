"""A server in a thread and Debian's Chromium, without a request to anywhere else."""

import contextlib
import shutil
import threading
import time

import pytest

from judging.server import is_this_machine_alone, link, open_socket

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


@contextlib.contextmanager
def served(app, key="", host="127.0.0.1"):
    """The address of an application that uvicorn serves in a thread."""
    import uvicorn

    with open_socket(host, 0) as listening:
        assert is_this_machine_alone(listening) or key
        config = uvicorn.Config(app, log_level="warning", ws="none", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield link(listening, key)
        finally:
            server.should_exit = True
            thread.join()


@contextlib.contextmanager
def chromium():
    """The browser; the test is skipped where it is not installed."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
