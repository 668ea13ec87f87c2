"""Sound over HTTP."""

import pytest

pytest.importorskip("starlette", reason="pip install -r requirements-judge.txt")

from judging.sound import play


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        (None, 200, b"0123456789"),
        ("bytes=0-", 206, b"0123456789"),
        ("bytes=2-4", 206, b"234"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=-3", 206, b"789"),
        ("bytes=-99", 206, b"0123456789"),
        ("bytes=10-", 416, b""),
        ("bytes=5-4", 416, b""),
        ("bytes=-0", 416, b""),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
    ],
)
def test_players_get_the_ranges_that_they_ask_for(asked, status, part):
    reply = play(b"0123456789", "audio/wav", asked)
    assert (reply.status_code, reply.body) == (status, part)
    assert reply.headers["accept-ranges"] == "bytes"
    if status == 206:
        start = b"0123456789".index(part)
        assert reply.headers["content-range"] == f"bytes {start}-{start + len(part) - 1}/10"
