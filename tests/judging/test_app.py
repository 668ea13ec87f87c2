"""The web application, without a browser: what it serves, keeps and refuses."""

import html
import io
import json
import re
import wave

import pytest

pytest.importorskip("starlette", reason="pip install -r requirements-judge.txt")
pytest.importorskip("httpx2", reason="pip install -r requirements-dev.txt")

from starlette.testclient import TestClient

from data.music_export import wav
from judging.app import make_app
from judging.database import Database
from judging.sound import play
from judging.study import tune_keys
from tests.judging.studies import NASTY, POEM, database, poem_study, text_study, tune_study

HOST = "http://localhost:8000"


@pytest.fixture
def opened(tmp_path):
    with database(tmp_path) as opened:
        yield opened


def client_of(opened, **options):
    """A browser without scripts that follows no redirect by itself."""
    return TestClient(make_app(opened, wav, **options), base_url=HOST, follow_redirects=False)


def begin(client, name="Anna"):
    reply = client.post("/begin", data={"name": name})
    assert (reply.status_code, reply.headers["location"]) == (303, "/judge")
    return client


def answer(client, item, value):
    return client.post(
        "/answer", json={"item": item, "answer": value}, headers={"Accept": "application/json"}
    )


# Judging


def test_a_person_begins_answers_and_is_done(opened):
    client = client_of(opened)
    assert "You will read 9 texts" in client.get("/").text
    assert client.get("/judge").headers["location"] == "/"
    begin(client)
    assert client.get("/").headers["location"] == "/judge"
    order = opened.study.order_for(1)
    for place, item in enumerate(order, start=1):
        shown = client.get("/judge").text
        assert f"Text {place} of 9" in shown and f"{place - 1}</span> of 9 answered" in shown
        assert html.escape(opened.study.items[item - 1].content) in shown
        value = "human" if item % 2 else "machine"
        reply = client.post("/answer", data={"item": item, "answer": value})
        assert (reply.status_code, reply.headers["location"]) == (303, "/judge")
    assert client.get("/judge").headers["location"] == "/done"
    assert "Thank you, Anna" in client.get("/done").text
    assert opened.matrix().tolist() == [[item % 2 for item in range(1, 10)]]


def test_an_answer_can_be_looked_at_and_changed(opened):
    client = begin(client_of(opened))
    item = opened.study.order_for(1)[0]
    answer(client, item, "human")
    shown = client.get("/judge?at=1").text
    assert re.findall(r'value="(\w+)" aria-pressed="true"', shown) == ["human"]
    assert answer(client, item, "machine").json() == {"answered": 1, "of": 9}
    shown = client.get("/judge?at=1").text
    assert re.findall(r'value="(\w+)" aria-pressed="true"', shown) == ["machine"]
    assert opened.answers_of(opened.judge_of(next(iter(client.cookies.values())))) == {item: False}


def test_the_script_gets_the_items_in_the_order_of_the_judge(opened):
    client = begin(client_of(opened))
    order = opened.study.order_for(1)
    answer(client, order[2], "machine")
    items = client.get("/items").json()
    assert [each["item"] for each in items] == order
    assert [each["text"] for each in items] == [opened.study.items[k - 1].content for k in order]
    assert [each["human"] for each in items] == [None, None, False, *[None] * 6]


def test_nothing_says_where_an_item_came_from(tmp_path):
    """No name, kind or number of a source: only the items themselves, which these tests label."""
    study = text_study()
    with database(tmp_path, study) as opened:
        client = begin(client_of(opened))
        replies = [client.get(path) for path in ("/", "/judge", "/items", "/done", "/judge?at=3")]
        replies += [answer(client, 1, "human"), client_of(opened, on_one_page=True).get("/judge")]
    for reply in replies:
        own = {k: v for k, v in reply.headers.items() if not k.startswith("cross-origin-resource")}
        text = reply.text + json.dumps(own)
        for item in study.items:
            text = text.replace(item.content, "").replace(html.escape(item.content), "")
            text = text.replace(json.dumps(item.content)[1:-1], "")
        assert not re.search(r"runs|mle|seqgan|source|\breal\b", text)


def test_a_judge_goes_on_in_another_browser_by_the_own_link(opened):
    client = begin(client_of(opened))
    answer(client, opened.study.order_for(1)[0], "human")
    own_link = re.search(r'href="(/j/[^"]+)"', client.get("/judge").text)[1]
    other = client_of(opened)
    assert other.get(own_link).headers["location"] == "/judge"
    assert "Text 2 of 9" in other.get("/judge").text
    assert client_of(opened).get("/j/wrong").status_code == 404


def test_judges_do_not_see_each_others_answers(opened):
    anna, ben = begin(client_of(opened), "Anna"), begin(client_of(opened), "Ben")
    for item in range(1, 10):
        answer(anna, item, "human")
    assert all(each["human"] is None for each in ben.get("/items").json())
    assert "0</span> of 9 answered" in ben.get("/judge").text


def test_another_person_can_judge_in_the_same_browser(opened):
    client = begin(client_of(opened), "Anna")
    assert client.post("/leave", data={"x": 1}).headers["location"] == "/"
    assert client.get("/").status_code == 200
    begin(client, "Ben")
    assert "You are <strong" in client.get("/judge").text and "Ben" in client.get("/judge").text


def test_a_name_that_is_taken_is_asked_again(opened):
    begin(client_of(opened), "Anna")
    reply = client_of(opened).post("/begin", data={"name": "ANNA"})
    assert reply.status_code == 409 and "Another judge has this name" in reply.text
    assert 'value="ANNA"' in reply.text and "set-cookie" not in reply.headers


def test_sixty_are_on_a_page(tmp_path):
    with database(tmp_path, text_study(num=30)) as opened:
        client = begin(client_of(opened, on_one_page=True))
        first, second = client.get("/judge").text, client.get("/judge?at=61").text
        assert [page.count('class="entry"') for page in (first, second)] == [60, 30]
        assert "Text 60<" in first and "Text 61<" in second
        item = opened.study.order_for(1)[60]
        reply = client.post("/answer", data={"item": item, "answer": "human"})
        assert reply.headers["location"] == f"/judge?at=61#item-{item}"


def test_poems_are_four_lines_in_their_language(tmp_path):
    with database(tmp_path, poem_study()) as opened:
        shown = begin(client_of(opened)).get("/judge").text
    assert 'class="text poem" dir="auto" lang="zh"' in shown
    assert "\n".join(POEM.split("\n")[:3]) in shown


def test_tunes_are_heard_and_not_read(tmp_path):
    study = tune_study()
    with database(tmp_path, study) as opened:
        client = begin(client_of(opened))
        assert "You will hear" in client_of(opened).get("/").text
        item = study.order_for(1)[0]
        assert f'src="/tune/{item}.wav"' in client.get("/judge").text
        assert all(each["text"] is None for each in client.get("/items").json())
        reply = client.get(f"/tune/{item}.wav")
        assert client_of(opened).get(f"/tune/{item}.wav").status_code == 404  # nobody's browser
        assert (
            client.get("/tune/99.wav").status_code == client.get("/tune/x.wav").status_code == 404
        )
    assert reply.content == wav(tune_keys(study.items[item - 1].content))
    with wave.open(io.BytesIO(reply.content)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(32 * 0.4)


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


# What is refused


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
    ],
)
def test_wrong_answers_are_not_kept(opened, given):
    client = begin(client_of(opened))
    given = {"filler": "x", **given}
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
    reply = client.post("/answer", data={"item": 1, "answer": "human"}, headers=headers)
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
    begin(guest)
    assert guest.get("/judge").status_code == 200

    own_link = re.search(r'href="(/j/[^"]+)"', guest.get("/judge").text)[1]
    phone = client_of(opened, needs_key=True)
    assert phone.get("/j/wrong").status_code == 404
    assert phone.get("/judge").status_code == 403
    assert phone.get(own_link).status_code == 303
    assert phone.get("/judge").status_code == 200


def test_what_cannot_be_saved_is_reported(tmp_path, monkeypatch):
    import sqlite3
    from concurrent.futures import Future

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
