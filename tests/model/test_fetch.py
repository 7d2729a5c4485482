# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import hashlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from model.errors import FetchFailed
from model.fetch import CHUNK_BYTES, fetched
from model.registry import PublishedTagger
from model.tagger import TaggerCard

CONTENT = bytes(range(256)) * 800  # four chunks, the last one not full
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Publisher(BaseHTTPRequestHandler):
    """Publishes CONTENT in all the ways that can go wrong."""

    def do_GET(self) -> None:
        answers = {
            "/right": (200, CONTENT, len(CONTENT)),
            "/unsized": (200, CONTENT, None),
            "/wrong": (200, CONTENT[:-1] + b"x", len(CONTENT)),
            "/short": (200, CONTENT[:-1], len(CONTENT) - 1),
            "/more": (200, CONTENT * 2, 2 * len(CONTENT)),
            "/endless": (200, CONTENT * 100, None),
            "/cut": (200, CONTENT[: len(CONTENT) // 2], len(CONTENT)),
            "/broken": (500, b"", 0),
            "/moved": (302, b"", 0),
        }
        status, body, length = answers.get(self.path, (404, b"no such file", 12))
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if status == 302:
            self.send_header("Location", "/right")
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:  # the other side had enough
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder for temporary files, so that what is left behind shows."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def offered(url: str, sha256: str = SHA256, size: int = len(CONTENT)) -> PublishedTagger:
    return PublishedTagger(TaggerCard("tiny", "1", "", "", ""), "tiny.pt", url, sha256, size, 0.0)


def failure(tagger: PublishedTagger) -> str:
    with pytest.raises(FetchFailed) as error, fetched(tagger):
        pytest.fail("something came")
    assert error.value.name == "tiny"
    assert str(error.value).endswith("; nothing was changed")
    return error.value.reason


@pytest.mark.parametrize("path", ["/right", "/unsized", "/moved"])
def test_the_right_bytes_come_under_their_published_name(address: str, path: str) -> None:
    with fetched(offered(address + path)) as file:
        assert file.name == "tiny.pt"
        assert file.read_bytes() == CONTENT


def test_the_file_is_gone_when_the_context_ends(address: str, scratch: Path) -> None:
    with fetched(offered(f"{address}/right")) as file:
        assert scratch in file.parents
    assert list(scratch.iterdir()) == []


def test_the_file_is_gone_when_its_use_fails(address: str, scratch: Path) -> None:
    with pytest.raises(ZeroDivisionError), fetched(offered(f"{address}/right")):
        raise ZeroDivisionError
    assert list(scratch.iterdir()) == []


def test_progress_is_told_chunk_by_chunk(address: str) -> None:
    size = len(CONTENT)
    told: list[tuple[int, int]] = []
    with fetched(offered(f"{address}/right", size=size), lambda done, total: told.append((done, total))):
        pass
    done = [count for count, _ in told]
    assert done == sorted(set(done))
    assert done[-1] == len(CONTENT)
    assert len(done) >= len(CONTENT) / CHUNK_BYTES
    assert {total for _, total in told} == {size}


@pytest.mark.parametrize("path", ["/wrong", "/short"])
def test_the_wrong_bytes_are_refused_with_both_checksums(address: str, scratch: Path, path: str) -> None:
    found = CONTENT[:-1] + (b"x" if path == "/wrong" else b"")
    assert failure(offered(address + path)) == (
        f"what came has sha256 {hashlib.sha256(found).hexdigest()}, the published one is {SHA256}"
    )
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("path", ["/more", "/endless"])
def test_too_many_bytes_are_refused_at_the_bound(address: str, scratch: Path, path: str) -> None:
    told: list[int] = []
    with (
        pytest.raises(FetchFailed, match=f"more came than the published {len(CONTENT)} bytes"),
        fetched(offered(address + path), lambda done, _total: told.append(done)),
    ):
        pytest.fail("something came")
    assert max(told) <= len(CONTENT)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/broken", 500)])
def test_an_error_of_the_server_is_named_by_its_status(address: str, scratch: Path, path: str, status: int) -> None:
    assert failure(offered(address + path)) == f"{address}{path} is out of reach (HTTP {status})"
    assert list(scratch.iterdir()) == []


def test_a_connection_cut_half_way_is_reported(address: str, scratch: Path) -> None:
    assert failure(offered(f"{address}/cut")).startswith(f"{address}/cut is out of reach (")
    assert list(scratch.iterdir()) == []


def test_a_refused_connection_is_reported(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as closed:  # bound and not listening: nobody else gets the port meanwhile
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/right"
        assert failure(offered(url)) == f"{url} is out of reach (ConnectionError)"
    assert list(scratch.iterdir()) == []


def test_a_session_may_be_handed_in(address: str) -> None:
    with requests.Session() as session:
        session.headers["X-Test"] = "yes"
        asked: list[str] = []
        session.hooks["response"].append(lambda response, **_: asked.append(response.request.headers["X-Test"]))
        with fetched(offered(f"{address}/right"), session=session):
            assert asked == ["yes"]
