# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A recording is read piece by piece; a server that lies, breaks off, drips or never ends is found out."""

from __future__ import annotations

import datetime as dt
import gzip
import itertools
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from analytic.audio.fetch import Fetcher, FetchRules, Remote, Target
from analytic.errors import AddressRefused, FetchFailed
from tests.analytic.audio.fetch.servers import Asked, Server, leading, plain, ranged, says

Serve = Callable[..., Server]
CONTENT = random.Random(5).randbytes(6 << 20)
BLOCK = 1 << 17


def fetch(server: Server, path: str = "/a.wav", **rules: Any) -> Remote:
    """Open a server's recording, and nothing but that server's."""
    allowed = Target.of(f"127.0.0.1:{server.port}")
    return Fetcher(FetchRules((allowed,), **rules)).open(server.url + path)


def whole(remote: Remote) -> bytes:
    places = itertools.count(0, BLOCK)
    return b"".join(iter(lambda: remote.read_at(next(places), BLOCK), b""))


def _read(remote: Remote, *places: int) -> None:
    for place in places:
        remote.read_at(place, 10)


def fetched(server: Server, **rules: Any) -> bytes:
    """Open a recording, read all of it, and close it."""
    remote = fetch(server, **rules)
    try:
        return whole(remote)
    finally:
        remote.close()


@pytest.fixture
def opened() -> Iterator[Callable[..., Remote]]:
    """As `fetch`, closed in the end."""
    made: list[Remote] = []

    def opening(server: Server, path: str = "/a.wav", **rules: Any) -> Remote:
        made.append(fetch(server, path, **rules))
        return made[-1]

    yield opening
    for one in made:
        one.close()


Opened = Callable[..., Remote]


@pytest.mark.parametrize("answer", [ranged, plain])
@pytest.mark.parametrize("size", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, len(CONTENT)])
def test_all_of_it_comes_with_one_request(serve: Serve, opened: Opened, answer: Any, size: int) -> None:
    server = serve(answer(CONTENT[:size]))
    remote = opened(server)
    assert remote.size == size
    assert remote.seekable is (answer is ranged)
    assert whole(remote) == CONTENT[:size]
    assert remote.fetched == size
    assert len(server.asked) == 1


def test_a_body_of_unknown_length_comes_whole(serve: Serve, opened: Opened) -> None:
    remote = opened(serve(lambda _asked: says(200, {}, CONTENT[:300_000])))
    assert remote.size is None
    assert whole(remote) == CONTENT[:300_000]


def test_a_chunked_body_comes_whole(serve: Serve, opened: Opened) -> None:
    def chunks(_asked: Asked) -> Iterator[bytes]:
        yield from says(200, {"Transfer-Encoding": "chunked"})
        for at in range(0, 300_000, 1_000):
            yield b"3e8\r\n" + CONTENT[at : at + 1_000] + b"\r\n"
        yield b"0\r\n\r\n"

    assert whole(opened(serve(chunks))) == CONTENT[:300_000]


def test_an_empty_recording_is_empty(serve: Serve, opened: Opened) -> None:
    assert opened(serve(plain(b""))).read_at(0, 100) == b""


def test_anything_can_be_read_in_any_order(serve: Serve, opened: Opened) -> None:
    server = serve(ranged(CONTENT))
    remote = opened(server)
    chance = random.Random(1)
    for _ in range(500):
        at, count = chance.randrange(len(CONTENT)), chance.choice((1, 10, 1_000, BLOCK))
        found = remote.read_at(at, count)
        assert found
        assert found == CONTENT[at : at + len(found)]
        assert len(found) == min(count, BLOCK - at % BLOCK, len(CONTENT) - at)
    assert len(server.asked) <= len(CONTENT) // BLOCK + 1, "each block at most once, and the beginning"


def test_going_back_and_forth_uses_few_requests(serve: Serve, opened: Opened) -> None:
    server = serve(ranged(CONTENT))
    remote = opened(server)
    for at in range(0, 1 << 20, 4_096):  # as a demuxer does that reads an index behind the sound
        assert remote.read_at(at, 100) == CONTENT[at : at + 100]
        assert remote.read_at(len(CONTENT) - 5_000, 100) == CONTENT[-5_000:-4_900]
    assert len(server.asked) <= 4


def test_a_connection_that_the_server_keeps_for_a_while_is_not_used_again(serve: Serve, opened: Opened) -> None:
    """It may close it at any moment, and the next question would be lost with it."""

    def kept(asked: Asked) -> Iterator[bytes]:
        yield from ranged(CONTENT)(asked)
        time.sleep(0.2)

    remote = opened(serve(kept))
    for at in (len(CONTENT) - 5_000, 1 << 20, len(CONTENT) - 200_000):
        assert remote.read_at(at, 100) == CONTENT[at : at + 100]


def test_a_short_way_forwards_is_read_over(serve: Serve, opened: Opened) -> None:
    server = serve(ranged(CONTENT))
    remote = opened(server)
    for at in range(0, len(CONTENT), 1 << 20):
        remote.read_at(at, 10)
    assert len(server.asked) == 1


def test_what_is_behind_the_end_is_nothing(serve: Serve, opened: Opened) -> None:
    server = serve(ranged(CONTENT[:1_000]))
    remote = opened(server)
    assert [remote.read_at(at, 10) for at in (1_000, 1 << 40, 1 << 200)] == [b""] * 3
    assert remote.read_at(0, 0) == b""
    assert remote.read_at(0, -5) == b""
    assert len(server.asked) == 1


def test_without_ranges_the_last_blocks_can_be_read_again_and_no_more(
    serve: Serve, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analytic.audio.fetch.remote._MOST_BLOCKS", 4)
    remote = opened(serve(plain(CONTENT)))
    assert remote.read_at(5 * BLOCK, 10) == CONTENT[5 * BLOCK :][:10]
    assert remote.read_at(5 * BLOCK, 10) == CONTENT[5 * BLOCK :][:10]
    with pytest.raises(FetchFailed, match="front to back alone"):
        remote.read_at(0, 10)


def test_ranges_that_are_known_are_asked_for_in_the_same_version(serve: Serve, opened: Opened) -> None:
    server = serve(ranged(CONTENT, ETag='"one"'))
    remote = opened(server)
    remote.read_at(5 << 20, 10)
    remote.read_at(0, 10)
    assert [asked.headers.get("range") for asked in server.asked] == ["bytes=0-", f"bytes={5 << 20}-", "bytes=0-"]
    assert [asked.headers.get("if-match") for asked in server.asked] == [None, '"one"', '"one"']
    assert all(asked.headers["accept-encoding"] == "identity" for asked in server.asked)


def _then(first: Any, later: Any) -> Callable[[Asked], Iterable[bytes]]:
    return lambda asked: (first if not asked.first else later)(asked)


def _lying(content_range: str, status: int = 206) -> Callable[[Asked], Iterable[bytes]]:
    return lambda _asked: says(status, {"Content-Range": content_range, "Content-Length": 10}, bytes(10))


LATER = {
    "another beginning": (_lying("bytes 0-9/6291456"), "does not fit"),
    "another size": (_lying(f"bytes {5 << 20}-{(5 << 20) + 9}/6291457"), "does not fit"),
    "no size": (_lying(f"bytes {5 << 20}-{(5 << 20) + 9}/*"), "does not fit"),
    "no range": (_lying(""), "does not fit"),
    "words": (_lying("bytes a-b/c"), "does not fit"),
    "a number without end": (_lying("bytes " + "9" * 5_000 + "-9/9"), "does not fit"),
    "another unit": (_lying("pages 1-2/3"), "does not fit"),
    "all of it": (plain(CONTENT), "answers 200"),
    "it has changed": (lambda _asked: says(412, {}), "answers 412"),
    "it has changed, and nobody says so": (ranged(CONTENT, ETag='"two"'), "changed meanwhile"),
    "no such range": (lambda _asked: says(416, {"Content-Range": "bytes */10"}), "answers 416"),
    "gone": (lambda _asked: says(404, {}), "answers 404"),
    "nothing": (lambda _asked: [], "no connection"),
    "a range that breaks off": (
        lambda _asked: says(206, {"Content-Range": "bytes 5242880-6291455/6291456", "Content-Length": 10}, bytes(10)),
        "it broke off after 5242890 of 6291456 bytes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", LATER)
def test_a_later_answer_that_does_not_fit_the_first_is_told(serve: Serve, opened: Opened, what: str) -> None:
    later, message = LATER[what]
    remote = opened(serve(_then(ranged(CONTENT, ETag='"one"'), later)))
    with pytest.raises(FetchFailed, match=message):
        remote.read_at(5 << 20, 10)


FIRST = {
    "not found": (lambda _asked: says(404, {}), "answers 404"),
    "forbidden": (lambda _asked: says(403, {}), "answers 403"),
    "an error": (lambda _asked: says(500, {}, b"Traceback secret"), "answers 500"),
    "no content": (lambda _asked: says(204, {}), "answers 204"),
    "not modified": (lambda _asked: says(304, {}), "answers 304"),
    "a range from elsewhere": (_lying("bytes 5-9/10"), "does not fit"),
    "several ranges": (
        lambda _asked: says(206, {"Content-Type": "multipart/byteranges; boundary=x"}, b"--x\r\n"),
        "does not fit",
    ),
    "compressed": (plain(gzip.compress(bytes(1 << 20)), **{"Content-Encoding": "gzip"}), "compressed"),
    "compressed twice": (plain(b"x", **{"Content-Encoding": "br, gzip"}), "compressed"),
    "no HTTP": (lambda _asked: [b"SSH-2.0-OpenSSH_9.6\r\n"], "no connection"),
    "no answer": (lambda _asked: [], "no connection"),
    "a line without end": (lambda _asked: itertools.repeat(b"x" * 1_000, 1_000), "no connection"),
    "headers without end": (
        lambda _asked: itertools.chain([b"HTTP/1.1 200 OK\r\n"], (b"X-%d: y\r\n" % one for one in range(5_000))),
        "no connection",
    ),
    "too large": (lambda _asked: says(200, {"Content-Length": 10**12}), "at most 8589934592 are fetched"),
    "too large in parts": (_lying(f"bytes 0-9/{10**12}"), "at most 8589934592 are fetched"),
}  # fmt: skip


@pytest.mark.parametrize("what", FIRST)
def test_a_first_answer_that_is_none_is_told_and_nothing_of_it_is_shown(serve: Serve, what: str) -> None:
    answer, message = FIRST[what]
    server = serve(answer)
    with pytest.raises(FetchFailed, match=message) as failed:
        fetch(server)
    assert "Traceback" not in str(failed.value)
    assert str(failed.value).isprintable()


@pytest.mark.parametrize("length", ["9" * 5_000, "-5", "many", "1e3", "5, 5", "٣", "0x10"])
def test_a_length_that_is_none_is_not_believed(serve: Serve, length: str) -> None:
    server = serve(lambda _asked: says(200, {"Content-Length": length.encode().decode("latin-1")}, b"x" * 10))
    try:
        remote = fetch(server)
    except FetchFailed:
        return
    assert remote.size is None or remote.size == 5
    remote.close()


@pytest.mark.parametrize("answer", [plain, ranged])
@pytest.mark.parametrize("kept", [0, 1, 1_000, BLOCK, 300_000])
def test_a_body_that_breaks_off_is_told(serve: Serve, opened: Opened, answer: Any, kept: int) -> None:
    def cut(asked: Asked) -> Iterator[bytes]:
        head, *_ = answer(CONTENT)(asked)
        yield head
        yield CONTENT[:kept]

    remote = opened(serve(cut))
    with pytest.raises(FetchFailed, match="broke off"):
        whole(remote)


def test_a_body_that_is_longer_than_it_says_ends_where_it_says(serve: Serve, opened: Opened) -> None:
    remote = opened(serve(lambda _asked: says(200, {"Content-Length": 1_000}, CONTENT[:5_000])))
    assert whole(remote) == CONTENT[:1_000]


def _endless(head: list[bytes]) -> Callable[[Asked], Iterator[bytes]]:
    return lambda _asked: itertools.chain(head, itertools.repeat(bytes(1 << 16)))


@pytest.mark.parametrize(
    "head",
    [says(200, {}), says(206, {"Content-Range": "bytes 0-9/*"}), says(200, {"Content-Length": 900_000})],
    ids=["no length", "a range of nobody knows what", "a length within the limit"],
)
def test_a_body_without_end_is_cut_off_at_the_limit(serve: Serve, opened: Opened, head: list[bytes]) -> None:
    server = serve(_endless(head))
    remote = opened(server, max_bytes=1_000_000)
    if b"900000" in head[0]:
        assert len(whole(remote)) == 900_000
    else:
        with pytest.raises(FetchFailed, match="it has more than 1000000 bytes"):
            whole(remote)
    assert remote.fetched <= 1_000_000 + (1 << 16)


def test_chunks_without_end_are_cut_off_at_the_limit(serve: Serve, opened: Opened) -> None:
    head = says(200, {"Transfer-Encoding": "chunked"})
    remote = opened(
        serve(lambda _asked: itertools.chain(head, itertools.repeat(b"400\r\n" + bytes(1_024) + b"\r\n"))),
        max_bytes=1_000_000,
    )
    with pytest.raises(FetchFailed, match="it has more than 1000000 bytes"):
        whole(remote)


def test_what_is_fetched_again_counts(serve: Serve, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytic.audio.fetch.remote._MOST_BLOCKS", 1)
    remote = opened(serve(ranged(CONTENT)), max_bytes=len(CONTENT))
    with pytest.raises(FetchFailed, match="it has more than"):
        _read(remote, *(place for _ in range(500) for place in (5 << 20, 0)))


@pytest.mark.parametrize("said", ["Content-Length", "Content-Range"])
def test_what_is_too_large_is_refused_before_it_is_read(serve: Serve, said: str) -> None:
    first = said == "Content-Length"
    status, value = (200, str(1 << 30)) if first else (206, f"bytes 0-{(1 << 30) - 1}/{1 << 30}")
    server = serve(_endless(says(status, {said: value})))
    with pytest.raises(FetchFailed, match="it has 1073741824 bytes, at most 1000000 are fetched"):
        fetch(server, max_bytes=1_000_000)
    assert server.sent_bytes < 16 << 20, "what buffers between two sockets hold"


@pytest.fixture
def dripping(serve: Serve) -> Callable[..., Server]:
    """Start a server that says this at once, and then one byte after the other."""

    def start(*before: bytes, **more: Any) -> Server:
        stop = threading.Event()

        def drip(_asked: Asked) -> Iterator[bytes]:
            yield from before
            while not stop.wait(0.02):
                yield b"x"

        return serve(drip, stop=stop, **more)

    return start


DRIPS = {
    "body": (*says(200, {"Content-Length": 1 << 20}),),
    "body of unknown length": (*says(200, {}),),
    "chunk": (*says(200, {"Transfer-Encoding": "chunked"}), b"100000\r\n"),
    "length of a chunk": (*says(200, {"Transfer-Encoding": "chunked"}), b"1;"),
    "header": (b"HTTP/1.1 200 OK\r\nX: ",),
    "status": (b"HTTP/1.1 200 ",),
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: /b\r\nX: ",),
}


@pytest.mark.parametrize("what", DRIPS)
def test_an_answer_that_drips_is_given_up_in_time(dripping: Callable[..., Server], what: str) -> None:
    server = dripping(*DRIPS[what])
    began = time.monotonic()
    with pytest.raises(FetchFailed, match=r"longer than 0\.3 s|no answer in time|no connection"):
        fetched(server, total_s=0.3, read_s=5.0)
    assert time.monotonic() - began < 4.0


def test_answers_that_say_continue_for_ever_are_given_up_in_time(serve: Serve) -> None:
    server = serve(lambda _asked: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"))
    began = time.monotonic()
    with pytest.raises(FetchFailed):
        fetch(server, total_s=0.3, read_s=5.0)
    assert time.monotonic() - began < 4.0


@pytest.mark.parametrize("head", [[], says(200, {"Content-Length": 10})])
def test_a_server_that_falls_silent_is_given_up(serve: Serve, head: list[bytes]) -> None:
    def silent(_asked: Asked) -> Iterator[bytes]:
        yield from head
        server.stop.wait(30)

    server = serve(silent)
    began = time.monotonic()
    with pytest.raises(FetchFailed, match=r"no answer in time|broke off"):
        fetched(server, read_s=0.2)
    assert time.monotonic() - began < 4.0


def test_a_port_where_nobody_listens_has_no_connection(serve: Serve) -> None:
    with Server(plain(b"")) as gone:
        pass
    with pytest.raises(FetchFailed, match="no connection"):
        fetch(gone)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["/b.wav", "b.wav", "?x=1", "//127.0.0.1:{port}/b.wav", "http://127.0.0.1:{port}/b.wav"])
def test_a_redirect_within_what_is_allowed_is_followed(serve: Serve, opened: Opened, status: int, to: str) -> None:
    def answer(asked: Asked) -> Iterable[bytes]:
        return (leading(to.format(port=server.port), status) if asked.path == "/a.wav" else ranged(b"sound"))(asked)

    server = serve(answer)
    assert opened(server).read_at(0, 10) == b"sound"
    assert len(server.asked) == 2


LEADS = [
    "http://127.0.0.1:{canary}/",
    "//127.0.0.1:{canary}/",
    "http://localhost:{canary}/",
    "http://[::1]:{canary}/",
    "http://0.0.0.0:{canary}/",
    "http://2130706433:{canary}/",
    "http://user@127.0.0.1:{canary}/",
    "http://127.0.0.1:{port}@127.0.0.1:{canary}/",
    "http://127.0.0.1:{port}\\@127.0.0.1:{canary}/",
    "\\\\127.0.0.1:{canary}/",
    "/\\127.0.0.1:{canary}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://192.168.1.1/",
    "file:///etc/passwd",
    "file:/etc/passwd",
    "ftp://127.0.0.1:{canary}/",
    "gopher://127.0.0.1:{canary}/",
    "data:audio/wav;base64,UklGRg==",
    "javascript:alert(1)",
    "http://[",
    "//[",
    "http://[::1",
    "//127.0.0.1:99999/",
    "http://ä.example/",
    "http://a b/",
]


@pytest.mark.parametrize("status", [301, 307])
@pytest.mark.parametrize("to", LEADS)
def test_a_redirect_elsewhere_is_refused(canary: Server, status: int, to: str) -> None:
    canary.asked.clear()
    server = Server(leading(""))
    server.answer = leading(to.format(port=server.port, canary=canary.port), status)
    with server, pytest.raises(AddressRefused) as refusal:
        fetch(server)
    assert str(refusal.value).isprintable()
    assert not canary.asked
    assert len(server.asked) == 1


def test_a_redirect_in_the_middle_of_a_recording_is_refused_too(serve: Serve, opened: Opened, canary: Server) -> None:
    canary.asked.clear()
    remote = opened(serve(_then(ranged(CONTENT), leading(f"http://127.0.0.1:{canary.port}/"))))
    with pytest.raises(AddressRefused):
        remote.read_at(5 << 20, 10)
    assert not canary.asked


@pytest.mark.parametrize("to", ["/a.wav", "/b.wav", "", "#x", "http:///"])
def test_redirects_in_a_circle_end(serve: Serve, to: str) -> None:
    server = serve(leading(to))
    with pytest.raises(FetchFailed, match="it leads on more than 5 times"):
        fetch(server)
    assert len(server.asked) == 6


def test_as_many_redirects_as_are_allowed_are_followed(serve: Serve, opened: Opened) -> None:
    def answer(asked: Asked) -> Iterable[bytes]:
        number = int(asked.path[1:])
        return (ranged(b"sound") if number == 5 else leading(f"/{number + 1}"))(asked)

    assert opened(serve(answer), "/0").read_at(0, 10) == b"sound"


def test_a_redirect_s_body_is_not_read(serve: Serve) -> None:
    server = serve(_endless(says(302, {"Location": "file:///etc/passwd"})))
    with pytest.raises(AddressRefused):
        fetch(server)
    assert server.sent_bytes < 16 << 20, "what buffers between two sockets hold"


SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "path", [f"/a?token={SECRET}", f"/a?x=1&key={SECRET}#y", f"/a#{SECRET}", f"/?{SECRET}", f"/a?{SECRET}%00"]
)
@pytest.mark.parametrize("what", ["not found", "an error", "compressed", "no answer", "too large", "circle", "inside"])
def test_no_message_holds_a_query(serve: Serve, path: str, what: str) -> None:
    others = {"circle": leading(f"/b?token={SECRET}"), "inside": leading(f"http://10.0.0.1/b?token={SECRET}")}
    server = serve(others[what] if what in others else FIRST[what][0])
    with pytest.raises((FetchFailed, AddressRefused)) as failed:
        fetch(server, path)
    assert SECRET not in str(failed.value)


@pytest.mark.parametrize(
    "address", [f"http://me:{SECRET}@127.0.0.1/", f"http://{SECRET}@127.0.0.1/", f"http://127.0.0.1:{SECRET}/",
                f"ftp://me:{SECRET}@127.0.0.1/", f"http://[::1/?{SECRET}", f"http://127.0.0.1/\n{SECRET}"]
)  # fmt: skip
def test_no_refusal_holds_a_password(address: str) -> None:
    with pytest.raises(AddressRefused) as refusal:
        Fetcher().open(address)
    assert SECRET not in str(refusal.value)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1 that nobody trusts, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "canary")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


def test_a_certificate_that_nobody_trusts_is_refused(serve: Serve, certified: tuple[Path, ssl.SSLContext]) -> None:
    with pytest.raises(FetchFailed, match="its certificate is not trusted"):
        fetch(serve(plain(b"sound"), tls=certified[1]))


@pytest.fixture
def trusted(certified: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certified[0]))
    return certified[1]


def secure(server: Server, **rules: Any) -> Remote:
    """Open over TLS, by the name that the certificate holds."""
    allowed = (Target.of(f"localhost:{server.port}"), Target.of(f"127.0.0.1:{server.port}"))
    return Fetcher(FetchRules(allowed, **rules)).open(f"https://localhost:{server.port}/a.wav")


def test_a_certificate_that_is_trusted_is_enough_and_the_name_must_be_its_own(
    serve: Serve, trusted: ssl.SSLContext
) -> None:
    server = serve(ranged(CONTENT), tls=trusted)
    remote = secure(server)
    assert whole(remote) == CONTENT
    remote.close()
    with pytest.raises(FetchFailed, match="its certificate is not trusted"):
        fetch(server)


def test_a_secure_answer_that_drips_is_given_up_in_time(
    dripping: Callable[..., Server], trusted: ssl.SSLContext
) -> None:
    remote = secure(dripping(*DRIPS["body"], tls=trusted), total_s=0.5, read_s=5.0)
    began = time.monotonic()
    with pytest.raises(FetchFailed, match=r"longer than 0\.5 s"):
        whole(remote)
    assert time.monotonic() - began < 4.0
    remote.close()


def test_a_redirect_from_https_to_http_is_refused(serve: Serve, trusted: ssl.SSLContext) -> None:
    plainly = serve(plain(b"sound"))
    server = serve(leading(plainly.url), tls=trusted)
    with pytest.raises(AddressRefused, match="from https to http"):
        secure(server)
    assert not plainly.asked
