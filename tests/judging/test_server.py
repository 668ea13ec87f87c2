"""judge.py as a process: many people at once, a kill in between, and faults in one line."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

pytest.importorskip("uvicorn", reason="pip install -r requirements-judge.txt")

from files.errors import UsageError
from judging import schema
from judging.database import Database
from judging.server import is_this_machine_alone, link, open_socket
from tests.helpers import REPOSITORY
from tests.judging.studies import text_study
from tests.scripts import command

CLIENTS = 20


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "judge.sqlite"
    schema.create(path, text_study(num=20))
    return path


@contextmanager
def running(path, *more):
    """The process of judge.py on a file, and the address that it prints."""
    arguments = command("judge.py", "--db", path, "--port", 0, *more)
    environment = {**os.environ, "PYTHONPATH": ""}
    with subprocess.Popen(
        arguments, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            for line in process.stdout:
                if line.startswith("open "):
                    break
            else:
                pytest.fail(f"it has ended with {process.wait()}")
            yield process, line.split()[1]
        finally:
            process.kill()


class Client:
    """A judge whose connection stays open; `given` has what the server has confirmed."""

    def __init__(self, url):
        self.connect(url)
        reply = self.post("/begin", b"name=", "application/x-www-form-urlencoded")
        self.cookie = reply.headers["set-cookie"].partition(";")[0]
        self.judge = self.number()
        self.given = {}

    cookie = ""

    def connect(self, url):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def post(self, path, body, kind):
        headers = {"Content-Type": kind, "Accept": "application/json", "Cookie": self.cookie}
        self.connection.request("POST", path, body, headers)
        reply = self.connection.getresponse()
        self.reply = reply.read()
        return reply

    def number(self):
        self.connection.request("GET", "/judge?at=1", headers={"Cookie": self.cookie})
        page = self.connection.getresponse().read().decode()
        return re.search(r'name="judge" value="(\d+)"', page)[1]

    def answer(self, item, value):
        body = json.dumps({"item": item, "answer": value, "judge": self.judge}).encode()
        reply = self.post("/answer", body, "application/json")
        assert reply.status == 200, self.reply
        self.given[item] = value == "human"

    def answer_all(self, first=1, times=1):
        for item in range(first, 61):
            for _ in range(times):
                self.answer(item, "human" if item % 3 else "machine")


@pytest.fixture
def people():
    """Makes clients, whose connections are closed at the end."""
    made = []
    yield lambda url, number=1: [made.append(Client(url)) or made[-1] for _ in range(number)]
    for client in made:
        client.connection.close()


def together(calls):
    """Runs functions in threads; what one raises is raised."""
    raised = []

    def run(call):
        try:
            call()
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def kept(path):
    """Answers in the file, by judge."""
    found = {}
    with Database(path) as opened:
        answers = opened.all_answers()
    for judge, item, human, _ in answers:
        found.setdefault(judge, {})[item] = human
    assert sum(map(len, found.values())) == len(answers)
    return sorted(map(sorted, (given.items() for given in found.values())))


def confirmed(clients):
    return sorted(sorted(client.given.items()) for client in clients)


@pytest.mark.slow
def test_answers_of_twenty_people_are_all_kept_once(path, people):
    with running(path) as (_, url):
        clients = people(url, CLIENTS)
        together([lambda c=client: c.answer_all(times=2) for client in clients])
    assert kept(path) == confirmed(clients)
    assert len(kept(path)) == CLIENTS and all(len(each) == 60 for each in kept(path))


@pytest.mark.slow
def test_a_kill_while_people_answer_loses_no_answer(path, people):
    with running(path) as (process, url):
        clients = people(url, CLIENTS)

        def answer_until_it_dies(client):
            with pytest.raises((OSError, http.client.HTTPException)):
                while True:
                    client.answer_all(first=len(client.given) % 60 + 1)

        def kill_it():
            while sum(len(client.given) for client in clients) < 200:
                threading.Event().wait(0.001)
            process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)

        together([kill_it, *(lambda c=client: answer_until_it_dies(c) for client in clients)])
    before = kept(path)
    assert sum(map(len, before)) >= 200
    # What was confirmed is there; of each client one answer may have been on its way back.
    with Database(path) as opened:
        for client in clients:
            judge = opened.judge_of(client.cookie.partition("=")[2])
            answers = opened.answers_of(judge)
            assert client.given.items() <= answers.items()
            assert len(answers) <= len(client.given) + 1

    with running(path) as (_, url):  # the same browsers go on
        for client in clients:
            client.connection.close()
            client.connect(url)
        together([lambda c=client: c.answer_all() for client in clients])
    assert kept(path) == confirmed(clients)
    assert all(len(each) == 60 for each in kept(path))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server(path, people, number):
    with running(path) as (process, url):
        (client,) = people(url)
        client.answer(1, "human")
        process.send_signal(number)
        assert process.wait(timeout=60) == (130 if number == signal.SIGINT else -number)
    assert kept(path) == confirmed([client])


def test_another_address_needs_the_key_that_the_link_has(path):
    with running(path, "--host", "0.0.0.0") as (_, url):
        address = urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=60)
        for asked, status in (("/", 403), (f"/?{address.query}", 303)):
            connection.request("GET", asked)
            reply = connection.getresponse()
            reply.read()
            assert reply.status == status
        connection.close()
    with Database(path) as opened:
        assert address.query == f"key={opened.key}"


def test_a_port_in_use_is_one_line(path):
    with open_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            command("judge.py", "--db", path, "--port", port), capture_output=True, text=True
        )
        assert done.returncode == 2 and done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert f"--port is {port}, which another program uses" in done.stderr


@pytest.mark.parametrize(
    ("host", "part"),
    [
        ("no.such.host.invalid", "not an address of this machine"),
        ("x" * 100, "not an address of this machine"),
        ("192.0.2.1", "cannot listen"),
    ],
)
def test_a_host_that_is_not_this_machine_is_one_line(host, part, monkeypatch):
    if "invalid" in host:  # without asking a name server

        def unknown(*_, **__):
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(UsageError, match=part) as caught:
        open_socket(host, 0)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such ports")
def test_a_port_of_the_system_is_one_line(monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(UsageError, match="1024 or more"):
        open_socket("127.0.0.1", 80)


def test_links_name_an_address_that_can_be_opened():
    with open_socket("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert is_this_machine_alone(listening)
        assert link(listening, "") == f"http://127.0.0.1:{port}/"
        assert link(listening, "k") == f"http://127.0.0.1:{port}/?key=k"
    with open_socket("0.0.0.0", 0) as listening:
        assert not is_this_machine_alone(listening)
        assert "0.0.0.0" not in link(listening, "k")
    with open_socket("localhost", 0) as listening:
        assert is_this_machine_alone(listening)
