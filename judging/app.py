"""The web application of a blind test. No answer of the server tells where an item came from."""

import asyncio
import functools
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from judging.database import Database, Judge
from judging.guard import Guard, set_cookie
from judging.pages import message_page, page
from judging.sound import play
from judging.study import tune_keys
from judging.views import done_view, judge_view, list_view, start_view

ANSWERS = {"human": True, "machine": False}
_AUDIO_KEPT = 32  # tunes, of 0.6 MB each


class Application:
    """Handlers of the pages of one study.

    Args:
        database: of the study.
        wav: a tune's keys as the content of a WAV file.
        on_one_page: whether items are shown sixty on a page, not one at a time.
    """

    def __init__(
        self, database: Database, wav: Callable[[list[int]], bytes], on_one_page: bool = False
    ):
        self.database = database
        self.study = database.study
        self.view = list_view if on_one_page else judge_view
        self.on_one_page = on_one_page
        self.cookie = f"judge-{database.id}"
        self._wav = functools.lru_cache(_AUDIO_KEPT)(
            lambda item: wav(tune_keys(self.study.items[item - 1].content))
        )

    def judge(self, request: Request) -> Judge | None:
        """The judge that a browser's cookie names."""
        return self.database.judge_of(request.cookies.get(self.cookie, ""))

    # Coming and going

    async def start(self, request: Request) -> Response:
        if self.judge(request):
            return RedirectResponse("/judge", 303)
        return page("Human or machine?", start_view(self.study))

    async def begin(self, request: Request) -> Response:
        name = (await fields(request)).get("name", "")
        judge = await asyncio.wrap_future(self.database.add_judge(name))
        if judge is None:
            view = start_view(self.study, name=name, taken=True)
            return page("Human or machine?", view, 409)
        response = RedirectResponse("/judge", 303)
        set_cookie(response, self.cookie, judge.token)
        return response

    async def come_back(self, request: Request) -> Response:
        judge = self.database.judge_of(request.path_params["token"])
        if judge is None:
            return message_page("Unknown link", "No judge of this test has this link.", 404)
        response = RedirectResponse("/judge", 303)
        set_cookie(response, self.cookie, judge.token)
        # A judge's own link opens the test on another device too, which has not seen the key.
        set_cookie(response, f"key-{self.database.id}", self.database.key)
        return response

    async def leave(self, request: Request) -> Response:
        response = RedirectResponse("/", 303)
        response.delete_cookie(self.cookie, httponly=True, samesite="lax")
        return response

    # Judging

    async def judging(self, request: Request) -> Response:
        judge = self.judge(request)
        if judge is None:
            return RedirectResponse("/", 303)
        order = self.study.order_for(judge.number)
        answers = self.database.answers_of(judge)
        at = _number(request.query_params.get("at", ""), len(order))
        if at is None:
            unanswered = [k for k, item in enumerate(order, start=1) if item not in answers]
            if not unanswered:
                return RedirectResponse("/done", 303)
            at = unanswered[0]
        return page("Human or machine?", self.view(self.study, judge, order, answers, at))

    async def items(self, request: Request) -> Response:
        """The items in the judge's order, for the script of the page."""
        judge = self.judge(request)
        if judge is None:
            return _unknown_judge()
        answers = self.database.answers_of(judge)
        is_tune = self.study.task == "music"
        return JSONResponse(
            [
                {
                    "item": item,
                    "text": None if is_tune else self.study.items[item - 1].content,
                    "human": answers.get(item),
                }
                for item in self.study.order_for(judge.number)
            ]
        )

    async def answer(self, request: Request) -> Response:
        """Keeps an answer; the reply is sent once it is on the disk."""
        judge = self.judge(request)
        if judge is None:
            return _unknown_judge()
        given = await fields(request)
        item = _number(given.get("item", ""), len(self.study.items))
        human = ANSWERS.get(given.get("answer", ""))
        number = _number(given.get("judge", ""), 10**9)
        if item is None or human is None or number is None:
            return JSONResponse(
                {"error": "expected an item, human or machine, and the judge's number"}, 422
            )
        if number != judge.number:  # another tab of this browser went on as somebody else
            return message_page("Not saved", f"{judge.name} judges in this browser now.", 409)
        try:
            count = await asyncio.wrap_future(self.database.answer(judge, item, human))
        except sqlite3.Error as error:
            return JSONResponse({"error": f"not saved: {error}"}, 503)
        if "json" in request.headers.get("accept", ""):
            return JSONResponse({"answered": count, "of": len(self.study.items)})
        # A browser without scripts: on to the next item, or to the same place of a long page.
        place = self.study.order_for(judge.number).index(item) + 1
        where = f"/judge?at={place}#item-{item}" if self.on_one_page else "/judge"
        return RedirectResponse(where, 303)

    async def done(self, request: Request) -> Response:
        judge = self.judge(request)
        if judge is None:
            return RedirectResponse("/", 303)
        left = len(self.study.items) - len(self.database.answers_of(judge))
        return page("Thank you", done_view(self.study, judge, left))

    async def tune(self, request: Request) -> Response:
        item = _number(request.path_params["item"], len(self.study.items))
        if self.judge(request) is None or item is None or self.study.task != "music":
            return message_page("No such tune", "There is no such tune here.", 404)
        content = await asyncio.to_thread(self._wav, item)
        return play(content, "audio/wav", request.headers.get("range"))


def make_app(
    database: Database,
    wav: Callable[[list[int]], bytes],
    on_one_page: bool = False,
    needs_key: bool = False,
) -> Starlette:
    """The ASGI application.

    Args:
        database: of the study.
        wav: a tune's keys as the content of a WAV file.
        on_one_page: whether items are shown sixty on a page.
        needs_key: whether requests must bring the key of the database: a server that other machines
            can reach.
    """
    made = Application(database, wav, on_one_page)
    static = StaticFiles(directory=Path(__file__).parent / "static")
    return Starlette(
        routes=[
            Route("/", made.start),
            Route("/begin", made.begin, methods=["POST"]),
            Route("/j/{token}", made.come_back),
            Route("/leave", made.leave, methods=["POST"]),
            Route("/judge", made.judging),
            Route("/items", made.items),
            Route("/answer", made.answer, methods=["POST"]),
            Route("/done", made.done),
            Route("/tune/{item}.wav", made.tune),
            Mount("/static", static),
        ],
        middleware=[
            Middleware(Guard, name=database.id, key=database.key if needs_key else ""),
        ],
        exception_handlers={404: _not_found, sqlite3.Error: _not_saved},
    )


async def fields(request: Request) -> dict[str, str]:
    """The values of a form, or of a JSON object; empty for what is neither."""
    body = await request.body()  # which `Guard` has bounded
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            values = json.loads(body)
        except (ValueError, RecursionError):
            return {}
        values = values if isinstance(values, dict) else {}
        return {str(name): str(value) for name, value in values.items()}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _number(text: str, most: int) -> int | None:
    """The number from 1 to `most` that a text is."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    return number if 1 <= number <= most else None


def _unknown_judge() -> Response:
    return JSONResponse({"error": "unknown judge: begin at /"}, 401)


async def _not_found(request: Request, error: Exception) -> Response:
    return message_page("No such page", "There is no such page here.", 404)


async def _not_saved(request: Request, error: Exception) -> Response:
    return message_page("Not saved", "The machine could not save this. Try again.", 503)
