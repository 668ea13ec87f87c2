"""The pages in Chromium, by clicks and by keys: all that is answered is kept."""

import re

import pytest

pytest.importorskip("playwright", reason="pip install -r requirements-dev.txt")
pytest.importorskip("uvicorn", reason="pip install -r requirements-judge.txt")

from playwright.sync_api import expect

from tests.judging.browser import SIZES, begin, pressed, wait_for_answers, wait_until
from tests.judging.studies import NASTY, text_study, tune_study

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", SIZES)
def test_a_person_judges_all_by_clicks(site, visit, size):
    study = text_study(num=2)
    opened, url = site(study)
    page = begin(visit(url, size))
    order = study.order_for(1)
    for place, item in enumerate(order, start=1):
        expect(page.locator("#which")).to_have_text(f"Text {place} of 6")
        expect(page.locator("#card .text")).to_have_text(study.items[item - 1].content)
        assert page.locator("[aria-pressed=true]").count() == 0
        name = "Human" if item % 2 else "Machine"
        button = page.get_by_role("button", name=re.compile(name))
        button.tap() if size == "phone" else button.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, Anna")
    assert opened.matrix().tolist() == [[item % 2 for item in range(1, 7)]]


def test_a_person_judges_all_by_keys_goes_back_and_changes_an_answer(site, visit):
    study = text_study()
    opened, url = site(study)
    page = visit(url)
    page.keyboard.press("Tab")
    page.keyboard.type("hmhm")  # letters of a name are no answers
    page.keyboard.press("Enter")
    page.wait_for_selector("main[data-ready]")
    for key in "hmhm":
        page.keyboard.press(key)
    expect(page.locator("#which")).to_have_text("Text 5 of 9")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#which")).to_have_text("Text 3 of 9")
    assert page.locator("[aria-pressed=true]").get_attribute("value") == "human"
    page.keyboard.press("M")
    expect(page.locator("#which")).to_have_text("Text 4 of 9")  # the next, though answered
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#which")).to_have_text("Text 6 of 9")  # past one without an answer
    for _ in range(5):
        page.keyboard.press("h")
    page.keyboard.press("Control+h")  # a key of the browser
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, hmhm")
    order = study.order_for(1)
    answers = opened.answers_of(opened.judge_of(page.context.cookies()[0]["value"]))
    assert [answers[item] for item in order] == [
        *(True, False, False, False),
        *([True] * 5),
    ]


def test_a_key_that_is_held_answers_once(site, visit):
    opened, url = site()
    page = begin(visit(url))
    for _ in range(5):
        page.keyboard.down("h")  # without a release: as the repeats of a key that is held
    wait_for_answers(page, opened, 1)
    expect(page.locator("#which")).to_have_text("Text 2 of 9")


def test_a_closed_browser_goes_on_where_it_was(site, visit, browser):
    opened, url = site()
    page = begin(visit(url))
    page.keyboard.press("h")
    page.keyboard.press("m")
    wait_for_answers(page, opened, 2)
    kept = page.context.storage_state()
    assert all(cookie["expires"] > 0 for cookie in kept["cookies"])  # not of a session alone
    own_link = page.get_by_role("link", name="Your own link").get_attribute("href")
    page.context.close()

    again = visit(url, storage_state=kept)
    expect(again.locator("#which")).to_have_text("Text 3 of 9")
    phone = visit(url.rstrip("/") + own_link, "phone")
    expect(phone.locator("#which")).to_have_text("Text 3 of 9")
    assert pressed(phone) == []


def test_judges_beside_each_other_keep_their_own_answers(site, visit):
    opened, url = site()
    anna, ben = begin(visit(url), "Anna"), begin(visit(url, "phone"), "Ben")
    for _ in range(9):
        anna.keyboard.press("h")
        ben.get_by_role("button", name="Machine").tap()
    for page in (anna, ben):
        expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert opened.matrix().tolist() == [[1] * 9, [0] * 9]


def test_sixty_on_a_page(site, visit):
    study = text_study(num=20)
    opened, url = site(study, True)
    page = begin(visit(url, "phone"))
    assert page.locator(".entry").count() == 60
    order = study.order_for(1)
    page.locator(".entry").nth(2).get_by_role("button", name="Machine").tap()
    wait_for_answers(page, opened, 1)
    place = page.evaluate("scrollY")
    page.keyboard.press("h")  # of the item whose button has the focus
    wait_for_answers(page, opened, 1)
    page.keyboard.press("m")  # of the one after it
    wait_for_answers(page, opened, 2)
    assert {item: human for _, item, human, _ in opened.all_answers()} == {
        order[2]: True,
        order[3]: False,
    }
    assert page.evaluate("scrollY") > place
    page.get_by_role("link", name="I am done").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not all yet, Anna")
    page.get_by_role("link", name="Go on").tap()
    page.wait_for_selector("main[data-ready]")
    assert pressed(page) == ["Human", "Machine"]


def test_tunes_are_played_by_the_space_bar(site, visit):
    study = tune_study()
    opened, url = site(study)
    page = begin(visit(url))
    playing = "(audio => !audio.paused && audio.currentTime > 0)(document.querySelector('audio'))"
    page.keyboard.press(" ")
    wait_until(page, playing)
    assert page.evaluate("document.querySelector('audio').duration") == pytest.approx(12.8)
    page.keyboard.press(" ")
    wait_until(page, "document.querySelector('audio').paused")
    page.get_by_role("button", name=re.compile("Human")).click()
    expect(page.locator("#which")).to_have_text("Tune 2 of 4")
    page.keyboard.press(" ")  # plays, though the button was clicked before
    wait_until(page, playing)
    wait_for_answers(page, opened, 1)
    assert page.evaluate("document.querySelector('audio').src").endswith(
        f"/tune/{study.order_for(1)[1]}.wav"
    )


@pytest.mark.parametrize("on_one_page", [False, True])
def test_a_tab_of_an_earlier_judge_says_that_it_saves_nothing(site, visit, on_one_page):
    opened, url = site(on_one_page=on_one_page)
    anna = begin(visit(url), "Anna")
    ben = anna.context.new_page()
    ben.goto(url)
    ben.get_by_role("button", name="Let another person judge").click()
    begin(ben, "Ben")
    visit.expected_faults.append("409")
    anna.keyboard.press("h")
    expect(anna.locator("#status")).to_have_text("Not saved. Reload this page.")
    ben.keyboard.press("m")
    wait_for_answers(ben, opened, 1)
    assert [answer[:3:2] for answer in opened.all_answers()] == [(2, False)]


def test_answers_are_tried_again_until_the_server_has_them(site, visit):
    opened, url = site()
    page = begin(visit(url))
    asked = []
    visit.expected_faults.append("net::ERR_FAILED")  # of the connections that are refused
    page.route("**/answer", lambda route: (asked.append(1), route.abort())[1])
    page.keyboard.press("h")
    page.keyboard.press("m")
    expect(page.locator("#status")).to_have_text("Not saved yet, trying again")
    expect(page.locator("#which")).to_have_text("Text 3 of 9")  # nobody has to wait
    assert opened.all_answers() == [] and asked
    page.unroute("**/answer")
    wait_for_answers(page, opened, 2)
    expect(page.locator("#status")).to_have_text("Saved")


def test_without_scripts_the_forms_do_the_same(site, visit):
    opened, url = site()
    page = visit(url, java_script_enabled=False)
    page.get_by_label("Your name").fill("Anna")
    page.get_by_role("button", name="Begin").click()
    for place in range(1, 10):
        expect(page.locator("#which")).to_have_text(f"Text {place} of 9")
        page.get_by_role("button", name=re.compile("Machine")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, Anna")
    assert opened.matrix().tolist() == [[0] * 9]


@pytest.mark.parametrize("on_one_page", [False, True])
def test_no_text_and_no_name_runs_as_a_script(site, visit, on_one_page):
    name = "<img src=x onerror=alert(1)>"
    _, url = site(None, on_one_page)
    page = begin(visit(url), name)
    while page.get_by_text(NASTY).count() == 0:
        page.keyboard.press("ArrowRight")
    page.on("dialog", lambda dialog: pytest.fail("a script has run"))
    assert page.get_by_text(NASTY).count() == 1 and page.get_by_text(name).count() == 1
    assert page.locator("img").count() == 0 and page.locator("script").count() == 1
    page.goto(f"{url}done")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_the_link_with_the_key_is_needed_once(site, visit):
    opened, url = site(needs_key=True)
    page = begin(visit(url))
    assert "key" not in page.url
    page.keyboard.press("h")
    wait_for_answers(page, opened, 1)
    visit.expected_faults.extend(["status of 403", "MIME type"])  # its style is not served either
    stranger = visit(url.partition("?")[0])
    expect(stranger.get_by_role("heading", level=1)).to_have_text("This link is not complete")
