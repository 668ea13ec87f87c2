"""What all tests start from."""

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def interrupts_are_heeded():
    """A shell lets what it starts in the background ignore SIGINT; here it is raised on purpose."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
