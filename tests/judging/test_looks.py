"""The pages in Chromium, at the width of a desk and of a phone: size, contrast, focus and names."""

import re

import pytest

pytest.importorskip("playwright", reason="pip install -r requirements-dev.txt")
pytest.importorskip("uvicorn", reason="pip install -r requirements-judge.txt")

from playwright.sync_api import expect

from tests.judging.browser import PHONE, SIZES, begin, wait_for_answers
from tests.judging.studies import poem_study, text_study, tune_study

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("study", [text_study, poem_study, tune_study])
def test_pages_fit_and_can_be_touched(site, visit, size, study):
    """Nothing is wider than the page, controls have 44 px, and nothing moves between items."""
    _, url = site(study())
    page = visit(url, size)
    check_fits(page)
    begin(page)
    places = set()
    for _ in range(3):
        check_fits(page)
        places.add(page.evaluate(ANSWERS_AT))
        page.keyboard.press("h")
    assert len(places) == 1
    if size == "phone":  # without scrolling
        assert places.pop() < PHONE["viewport"]["height"]


ANSWERS_AT = "document.querySelector('.answers').getBoundingClientRect().bottom"
HEIGHTS = """[...document.querySelectorAll("button, input:not([type=hidden]), a")]
  .filter(each => getComputedStyle(each).visibility === "visible")
  .map(each => [each.getBoundingClientRect().height, each.textContent])"""


def check_fits(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    heights = page.evaluate(HEIGHTS)
    assert heights and all(height >= 44 for height, _ in heights), heights


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_of_text_and_buttons(site, visit, scheme):
    """At least 4.5 between a text and what it stands on, as WCAG asks for."""
    opened, url = site()
    page = begin(visit(url, color_scheme=scheme))
    page.keyboard.press("h")
    page.keyboard.press("ArrowLeft")
    wait_for_answers(page, opened, 1)
    for selector in ("#which", ".quiet", ".text", "[aria-pressed=true]", "[aria-pressed=false]",
                     "#status", "#next", "footer"):  # fmt: skip
        text, ground = page.locator(selector).first.evaluate(COLOURS)
        light, dark = sorted((luminance(text), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, selector


COLOURS = """element => {
  let ground = element;
  while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
  return [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor];
}"""


def luminance(colour):
    channels = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_screen_readers_are_told_what_is_asked_and_what_is_pressed(site, visit):
    opened, url = site(poem_study())
    page = begin(visit(url))
    group = page.get_by_role("group", name="Was poem 1 made by a human or by a machine?")
    assert group.get_by_role("button", pressed=False).count() == 2
    assert page.get_by_role("region", name="Poem 1 of 6").get_attribute("aria-live") == "polite"
    assert page.get_by_role("progressbar", name="Answered").count() == 1
    page.keyboard.press("h")
    expect(page.get_by_role("status")).to_have_text("Saved")
    page.get_by_role("link", name="Back").click()
    group = page.get_by_role("group", name="Was poem 1 made by a human or by a machine?")
    assert group.get_by_role("button", pressed=True).inner_text().startswith("Human")
    assert opened.all_answers()


def test_the_focus_is_visible(site, visit):
    opened, url = site()
    page = begin(visit(url))
    seen = set()
    for _ in range(5):  # two answers, on, the own link, another person
        page.keyboard.press("Tab")
        style = page.evaluate(
            "(s => [s.outlineStyle, parseFloat(s.outlineWidth)])(getComputedStyle(document.activeElement))"
        )
        assert style[0] != "none" and style[1] >= 2
        seen.add(page.evaluate("document.activeElement.textContent.trim()"))
    assert len(seen) == 5 and not opened.all_answers()
