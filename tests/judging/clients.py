"""Browsers without scripts, for the tests of the web application."""

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


def answer(client, item, value):
    return client.post(
        "/answer", json={"item": item, "answer": value}, headers={"Accept": "application/json"}
    )
