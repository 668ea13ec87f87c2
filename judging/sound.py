"""Sound over HTTP: the ranges of bytes that players ask for, without which some play nothing."""

import re

from starlette.responses import Response

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def play(content: bytes, media_type: str, asked: str | None) -> Response:
    """A file, or the part of it that a `Range` header asks for.

    Args:
        content: of the file.
        media_type: of the file.
        asked: the header; more than one range in it, or another unit, gives the whole file.
    """
    headers = {"Accept-Ranges": "bytes"}
    match = _RANGE.fullmatch(asked or "")
    if match is None or not any(match.groups()):
        return Response(content, media_type=media_type, headers=headers)
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last or len(content)), len(content) - 1)
    else:  # the last so many bytes
        start, end = max(len(content) - int(last), 0), len(content) - 1
    if start > end:
        headers["Content-Range"] = f"bytes */{len(content)}"
        return Response(status_code=416, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
    return Response(content[start : end + 1], 206, media_type=media_type, headers=headers)
