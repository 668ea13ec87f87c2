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


PHONE = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
SIZES = {"desk": {"viewport": {"width": 1280, "height": 800}}, "phone": PHONE}


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


def begin(page, name="Anna"):
    """Fills in the first page; the page of the test, once its script is ready."""
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector("main[data-ready]")
    return page


def pressed(page):
    return [each.inner_text() for each in page.locator("[aria-pressed=true]").all()]


def wait_until(page, expression):
    """Not by `wait_for_function`, whose `eval` the page's policy forbids."""
    for _ in range(600):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never: {expression}")


def wait_for_answers(page, opened, number):
    from playwright.sync_api import expect

    expect(page.locator("#answered")).to_have_text(str(number))
    assert len(opened.all_answers()) == number
