"""The web application: what it refuses, and what it lets a browser do."""

import re
import sqlite3
from concurrent.futures import Future

import pytest

from judging.database import Database
from tests.judging.clients import HOST, answer, begin, client_of
from tests.judging.studies import NASTY, database

ANSWER = {"item": 1, "answer": "human", "judge": 1}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"item": "1"},
        {"item": "0", "answer": "human"},
        {"item": "10", "answer": "human"},
        {"item": "-1", "answer": "human"},
        {"item": "1e1", "answer": "human"},
        {"item": "²", "answer": "human"},
        {"item": "9" * 5000, "answer": "human"},
        {"item": "1", "answer": "both"},
        {"item": "1", "answer": "human", "judge": "0"},
        {"item": "1", "answer": "human", "judge": ""},
    ],
)
def test_wrong_answers_are_not_kept(opened, given):
    client = begin(client_of(opened))
    given = {"filler": "x", "judge": "1", **given}
    assert client.post("/answer", data=given).status_code == 422
    assert client.post("/answer", json=given).status_code == 422
    assert opened.all_answers() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 5000, b"[1, 2]", b"\xff\x00", b"null"])
def test_bodies_that_are_no_json_are_refused(opened, body):
    client = begin(client_of(opened))
    reply = client.post("/answer", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422


def test_a_long_body_is_refused_before_it_is_read(opened):
    client = client_of(opened)
    assert client.post("/begin", data={"name": "x" * 20_000}).status_code == 413
    chunks = client.post("/begin", content=(b"name=x" for _ in range(3)))  # of no stated length
    assert chunks.status_code == 413


def test_a_browser_that_is_no_judge_can_answer_nothing(opened):
    client = client_of(opened)
    assert answer(client, 1, "human").status_code == 401
    assert client.get("/items").status_code == 401
    client.cookies.set(f"judge-{opened.id}", "made up")
    assert answer(client, 1, "human").status_code == 401
    assert client.get("/done").headers["location"] == "/"


def test_pages_that_do_not_exist_say_so(opened):
    reply = client_of(opened).get("/no/such/page")
    assert reply.status_code == 404 and "There is no such page" in reply.text
    assert client_of(opened).get("/static/../app.py").status_code == 404
    assert client_of(opened).get("/static/%2e%2e/app.py").status_code == 404


def test_texts_and_names_are_shown_as_text(opened):
    client = begin(client_of(opened), NASTY)
    place = [k for k in opened.study.order_for(1) if opened.study.items[k - 1].content == NASTY]
    at = opened.study.order_for(1).index(place[0]) + 1
    for reply in (
        client.get(f"/judge?at={at}"),
        client_of(opened, on_one_page=True).get("/judge", headers={"Cookie": cookies(client)}),
        client.get("/done"),
        client_of(opened).post("/begin", data={"name": NASTY}),
    ):
        assert "<script>alert" not in reply.text and "&lt;script&gt;alert" in reply.text
        assert re.findall(r"<script[^>]*>", reply.text) == ['<script src="/static/judge.js" defer>']


def cookies(client):
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def test_answers_carry_the_headers_of_a_page_that_loads_nothing_from_elsewhere(opened):
    client = begin(client_of(opened))
    for path in ("/", "/judge", "/items", "/none", "/static/judge.css", "/static/judge.js"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in policy and "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert path.startswith("/static/") or headers["cache-control"] == "no-store"
    cookie = client_of(opened).post("/begin", data={"name": ""}).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Max-Age=31536000" in cookie


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("127.1.2.3:9", 200),
        ("[::1]:8000", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("192.168.0.9:8000", 403),
        ("", 403),
        ("[", 403),
    ],
)
def test_without_a_key_the_host_is_this_machine(opened, host, status):
    """Else a site could let its name point to 127.0.0.1 and read the pages."""
    assert client_of(opened).get("/", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),  # no browser
        ({"Origin": HOST}, True),
        ({"Origin": HOST, "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://localhost:9000"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_forms_of_other_sites_change_nothing(opened, headers, allowed):
    client = begin(client_of(opened))
    reply = client.post("/answer", data=ANSWER, headers=headers)
    assert (reply.status_code == 303) == allowed
    assert len(opened.all_answers()) == allowed
    assert (client.post("/begin", data={"name": ""}, headers=headers).status_code == 303) == allowed


def test_with_a_key_every_request_needs_it(opened):
    stranger = client_of(opened, needs_key=True)
    for path in ("/", "/judge", "/items", "/static/judge.js", "/?key=wrong", "/?key=", "/?key=é"):
        reply = stranger.get(path)
        assert reply.status_code == 403 and opened.key not in reply.text
    assert stranger.post("/begin", data={"name": "x"}).status_code == 403
    assert stranger.post(f"/begin?key={opened.key}", data={"name": "x"}).status_code == 403
    assert opened.add_judge("x").result() is not None  # nobody had begun

    guest = client_of(opened, needs_key=True)
    reply = guest.get(f"/?key={opened.key}", headers={"Host": "192.168.0.9:8000"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    for path in ("//evil.example/", "///evil.example", "/%2Fevil.example/"):
        location = guest.get(f"{HOST}{path}?key={opened.key}").headers["location"]
        assert location.startswith("/") and not location.startswith("//")
    begin(guest)
    assert guest.get("/judge").status_code == 200

    own_link = re.search(r'href="(/j/[^"]+)"', guest.get("/judge").text)[1]
    phone = client_of(opened, needs_key=True)
    assert phone.get("/j/wrong").status_code == 404
    assert phone.get("/judge").status_code == 403
    assert phone.get(own_link).status_code == 303
    assert phone.get("/judge").status_code == 200


def test_what_cannot_be_saved_is_reported(tmp_path, monkeypatch):
    def full(*_):
        future = Future()
        future.set_exception(sqlite3.OperationalError("database or disk is full"))
        return future

    with database(tmp_path) as opened:
        client = begin(client_of(opened))
        monkeypatch.setattr(Database, "answer", full)
        reply = answer(client, 1, "human")
        assert reply.status_code == 503 and "disk is full" in reply.json()["error"]
        monkeypatch.setattr(Database, "add_judge", full)
        assert client.post("/begin", data={"name": ""}).status_code == 503
