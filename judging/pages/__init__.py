"""The pages as HTML: templates of this folder, with every value escaped."""

import functools
import html
from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse


class Html(str):
    """Text that is HTML already, and is not escaped again."""


@functools.cache
def _template(name: str) -> Template:
    return Template((Path(__file__).parent / f"{name}.html").read_text(encoding="utf-8"))


def render(template: str, /, **values: object) -> Html:
    """A template with its values, each escaped unless it is `Html`."""
    escaped = {
        key: value if isinstance(value, Html) else html.escape(str(value))
        for key, value in values.items()
    }
    return Html(_template(template).substitute(escaped))


def join(parts: list[Html]) -> Html:
    """HTML one after another."""
    return Html("".join(parts))


def page(title: str, body: Html, status: int = 200) -> HTMLResponse:
    """A whole page."""
    return HTMLResponse(render("layout", title=title, body=body), status)


def message_page(title: str, message: str, status: int) -> HTMLResponse:
    """A page that says one thing."""
    return page(title, render("message", title=title, message=message), status)
