"""What the tests of judging share."""

import contextlib
from urllib.parse import urlsplit

import pytest

from tests.judging.browser import SIZES, chromium, served
from tests.judging.studies import database


@pytest.fixture
def opened(tmp_path):
    """The open database of a test that nobody has answered."""
    with database(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def site(tmp_path):
    """Serves a study until the test has ended: its open database and its address."""
    with contextlib.ExitStack() as stack:
        from data.music_export import wav
        from judging.app import make_app  # which needs packages that may be missing

        def serve(study=None, on_one_page=False, needs_key=False):
            opened = stack.enter_context(database(tmp_path, study))
            app = make_app(opened, wav, on_one_page, needs_key)
            return opened, stack.enter_context(served(app, opened.key if needs_key else ""))

        yield serve


@pytest.fixture
def visit(browser, site):
    """Opens pages, closed before the site is; at the end nothing may have been asked elsewhere, nor an error been logged."""
    contexts, requests, faults, expected = [], [], [], []

    def open_page(url, size="desk", **options):
        context = browser.new_context(**SIZES[size], **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append((url, request.url)))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text))
        page.goto(url)
        return page

    open_page.expected_faults = expected  # parts of what the browser may log, when it likes
    yield open_page
    for context in contexts:
        context.close()
    assert requests
    for url, asked in requests:
        assert urlsplit(asked).netloc == urlsplit(url).netloc
    assert not [fault for fault in faults if not any(part in fault for part in expected)]
