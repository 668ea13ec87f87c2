"""The web application, without a browser: what it serves and keeps."""

import html
import io
import json
import re
import wave

import pytest

from data.music_export import wav
from judging.study import tune_keys
from tests.judging.clients import answer, begin, client_of
from tests.judging.studies import POEM, database, poem_study, text_study, tune_study


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
        reply = client.post("/answer", data={"item": item, "answer": value, "judge": 1})
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
    assert answer(ben, 4, "machine").json() == {"answered": 1, "of": 9}
    assert "Of 9 texts, 8 have no answer yet" in ben.get("/done").text


def test_another_person_can_judge_in_the_same_browser(opened):
    client = begin(client_of(opened), "Anna")
    assert client.post("/leave", data={"x": 1}).headers["location"] == "/"
    assert client.get("/").status_code == 200
    begin(client, "Ben")
    assert "You are <strong" in client.get("/judge").text and "Ben" in client.get("/judge").text


def test_a_page_of_an_earlier_judge_changes_no_answer_of_the_next(opened):
    """One browser has one cookie, but may show the pages of both in two tabs."""
    client = begin(client_of(opened), "Anna")
    answer(client, 1, "human")
    client.post("/leave", data={"x": 1})
    begin(client, "Ben")
    answer(client, 1, "human")
    kept = opened.all_answers()
    for kind in ("json", "data"):
        given = {kind: {"item": 1, "answer": "machine", "judge": 1}}
        assert client.post("/answer", **given).status_code == 409
    assert opened.all_answers() == kept
    assert answer(client, 1, "machine", judge=2).status_code == 200


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
        given = {"item": item, "answer": "human", "judge": 1}
        reply = client.post("/answer", data=given)
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
