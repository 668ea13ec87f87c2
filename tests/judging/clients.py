"""Browsers without scripts, for the tests of the web application."""

import re

import pytest

pytest.importorskip("starlette", reason="pip install -r requirements-judge.txt")
pytest.importorskip("httpx2", reason="pip install -r requirements-dev.txt")

from starlette.testclient import TestClient

from data.music_export import wav
from judging.app import make_app

HOST = "http://localhost:8000"


def client_of(opened, **options):
    """A browser without scripts that follows no redirect by itself."""
    return TestClient(make_app(opened, wav, **options), base_url=HOST, follow_redirects=False)


def begin(client, name="Anna"):
    reply = client.post("/begin", data={"name": name})
    assert (reply.status_code, reply.headers["location"]) == (303, "/judge")
    return client


def judge_number(client):
    """The number that the pages of a judge send with each answer; 1 for who is no judge."""
    found = re.search(r'name="judge" value="(\d+)"', client.get("/judge?at=1").text)
    return int(found[1]) if found else 1


def answer(client, item, value, judge=None):
    judge = judge_number(client) if judge is None else judge
    given = {"item": item, "answer": value, "judge": judge}
    return client.post("/answer", json=given, headers={"Accept": "application/json"})
