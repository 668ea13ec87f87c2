"""What the pages show of a study and a judge."""

import json
from collections.abc import Mapping, Sequence

from judging.database import LONGEST_NAME, Judge
from judging.pages import Html, join, render
from judging.study import Study

PER_PAGE = 60
# Of texts whose language is known, for fonts and for screen readers; "" is an unknown one.
_LANGUAGES = {"poems": "zh", "speeches": "en"}


def start_view(study: Study, name: str = "", taken: bool = False) -> Html:
    """What the test is, and a form to begin.

    Args:
        study: of the test.
        name: to fill in.
        taken: whether another judge has this name.
    """
    noun = study.noun
    return render(
        "start",
        count=len(study.items),
        noun=noun,
        verb="hear" if study.task == "music" else "read",
        longest=LONGEST_NAME,
        name=name,
        invalid="true" if taken else "false",
        problem=render("taken") if taken else "",
    )


def judge_view(
    study: Study, judge: Judge, order: Sequence[int], answers: Mapping[int, bool], at: int
) -> Html:
    """One item at a time.

    Args:
        study: of the test.
        judge: who looks at it.
        order: numbers of the items in the judge's order.
        answers: of the judge, by number of the item.
        at: place in the order, from 1.
    """
    item = order[at - 1]
    return render(
        "one",
        noun=study.noun,
        title=study.noun.capitalize(),
        at=at,
        count=len(order),
        player=_player(study, item, "auto"),
        content=_content(study, item),
        buttons=_buttons(study, judge, item, at, answers.get(item), keys=True),
        back=max(at - 1, 1),
        next=min(at + 1, len(order)),
        first="true" if at == 1 else "false",
        progress=_progress(len(answers), len(order)),
        footer=_footer(judge),
    )


def list_view(
    study: Study, judge: Judge, order: Sequence[int], answers: Mapping[int, bool], at: int
) -> Html:
    """Up to sixty items on a page: the one with the place `at` and its neighbours."""
    number = (at - 1) // PER_PAGE
    shown = order[number * PER_PAGE : (number + 1) * PER_PAGE]
    pages = -(-len(order) // PER_PAGE)
    entries = [
        render(
            "entry",
            title=study.noun.capitalize(),
            at=place,
            item=item,
            player=_player(study, item, "none"),
            content=_content(study, item),
            buttons=_buttons(study, judge, item, place, answers.get(item), keys=False),
        )
        for place, item in enumerate(shown, start=number * PER_PAGE + 1)
    ]
    links = [
        render(
            "page_link",
            at=k * PER_PAGE + 1,
            page=k + 1,
            current="page" if k == number else "false",
        )
        for k in range(pages)
    ]
    return render(
        "list",
        noun=study.noun,
        entries=join(entries),
        pages=render("pages", links=join(links)) if pages > 1 else "",
        progress=_progress(len(answers), len(order)),
        footer=_footer(judge),
    )


def done_view(study: Study, judge: Judge, left: int) -> Html:
    """Thanks, or what is left to do."""
    template = "unfinished" if left else "done"
    return render(
        template,
        name=judge.name,
        count=len(study.items),
        noun=study.noun,
        left=left,
        footer=_footer(judge),
    )


def _content(study: Study, item: int) -> Html:
    """A text as it is shown; nothing for a tune, which is heard."""
    content = "" if study.task == "music" else study.items[item - 1].content
    kind = "poem" if study.task == "poems" else "line"
    shown = content if content.strip() or study.task == "music" else "(an empty line)"
    return render("content", text=shown, kind=kind, lang=_LANGUAGES.get(study.task, ""))


def _player(study: Study, item: int, preload: str) -> Html | str:
    if study.task != "music":
        return ""
    return render("player", item=item, preload=preload)


def _buttons(
    study: Study, judge: Judge, item: int, at: int, human: bool | None, keys: bool
) -> Html:
    """The two answers; the one given is pressed."""
    return render(
        "buttons",
        item=item,
        judge=judge.number,
        label=f"Was {study.noun} {at} made by a human or by a machine?",
        human=json.dumps(human is True),
        machine=json.dumps(human is False),
        human_key=render("key", key="H") if keys else "",
        machine_key=render("key", key="M") if keys else "",
    )


def _progress(answered: int, count: int) -> Html:
    return render("progress", answered=answered, count=count)


def _footer(judge: Judge) -> Html:
    return render("footer", name=judge.name, token=judge.token)
