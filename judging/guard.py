"""Access control of every request, and the security headers of every response."""

import ipaddress
import re
import secrets
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from judging.pages import message_page

# The page loads from itself only, runs no script in its text, and is shown in no frame.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "media", "connect")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": with that, forms would come with the origin "null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
YEAR = 365 * 24 * 3600  # seconds
_MOST_BYTES = 10_000  # of a request's body: an answer has 30, a name at most 400
_PERSONAL = re.compile(r"/j/[\w-]{1,100}")


def without_port(host: str) -> str:
    """The host of a `Host` header, an IPv6 address with its brackets."""
    address, bracket, _ = host.partition("]")
    return address + bracket if bracket else host.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, is this machine alone."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def set_cookie(response: Response, name: str, value: str) -> None:
    """A cookie for a year, which no script reads and no other site's form sends."""
    response.set_cookie(name, value, max_age=YEAR, httponly=True, samesite="lax")


class Guard:
    """ASGI middleware: refuses what comes from elsewhere and adds the headers to all answers.

    - Without `key` the server is for this machine: the `Host` header must name it, so that no other
      site can get at the pages by letting its own name point here.
    - With `key` every request must bring it, in the link once and then in a cookie. A judge's own
      link, `/j/TOKEN`, is a secret too and does without.
    - A request that changes something must come from a page of this server, by its `Origin` and
      `Sec-Fetch-Site`.

    Args:
        app: what comes after.
        name: of the study's cookies: another server on another port of this machine has others.
        key: the secret of the link; empty for a server of this machine alone.
    """

    def __init__(self, app: ASGIApp, name: str, key: str = ""):
        self.app = app
        self.cookie = f"key-{name}"
        self.key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if not scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        answer = self._refusal(scope) or self._entry(scope)
        if answer is not None:
            await answer(scope, receive, send_guarded)
        else:
            await self.app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that must not pass."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self.key and not is_loopback(without_port(host)):
            return message_page(
                "Not from here", "This page is for the machine that it runs on.", 403
            )
        if scope["method"] not in ("GET", "HEAD"):
            origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
            if origin is not None and origin.partition("://")[2] != host:
                site = "cross-site"
            if site != "same-origin":
                return message_page("Not from here", "This came from another site's page.", 403)
            length = headers.get("content-length", "")
            if not length.isdecimal() or int(length) > _MOST_BYTES:
                return message_page("Too long", "No answer and no name is that long.", 413)
        return None

    def _entry(self, scope: Scope) -> Response | None:
        """With a key: the way in for the link that brings it, and the answer where it is missing."""
        if not self.key:
            return None
        brought = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
        if brought and scope["method"] == "GET" and self._is_key(brought):
            # Which shows the key no longer. "//host/" would lead to another site.
            response = RedirectResponse(f"/{scope['path'].lstrip('/')}", 303)
            set_cookie(response, self.cookie, self.key)
            return response
        kept = cookie_parser(Headers(scope=scope).get("cookie", "")).get(self.cookie, "")
        if self._is_key(kept) or _PERSONAL.fullmatch(scope["path"]):
            return None
        return message_page(
            "This link is not complete",
            "Ask for the complete link: it ends with ?key= and some letters.",
            403,
        )

    def _is_key(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.key.encode())
