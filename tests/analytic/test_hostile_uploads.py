# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What an attacker, or a careless client, can send over HTTP: a refusal that says why, at once, and no harm done."""

from __future__ import annotations

import contextlib
import io
import json
import re
import select
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import pytest
import soundfile
from numpy.typing import ArrayLike

from analytic.app import Service
from analytic.settings import load
from anonymizers.registry import anonymizers
from model.fake import FakeTagger

AT_MOST_S = 2.0
IDS = "/model/predict/anonymized_audio/none/who/NSSD/which"
START_TIME = "Invalid start time: value outside audio clip"


def encode(waveform: ArrayLike, rate_hz: int = 16_000, form: str = "WAV", subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.asarray(waveform), rate_hz, format=form, subtype=subtype)
    return file.getvalue()


WAV = encode(np.full(16_000, 0.1))


def part(content: bytes, name: str = "audio", filename: str | None = "f.wav", media_type: str = "audio/wav") -> bytes:
    named = f'--edge\r\nContent-Disposition: form-data; name="{name}"'
    named += f'; filename="{filename}"\r\nContent-Type: {media_type}' if filename is not None else ""
    return named.encode() + b"\r\n\r\n" + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--edge--\r\n"


@dataclass
class Ask:
    """One request, byte by byte; `host` None leaves the header out."""

    path: str = "/model/predict"
    body: bytes = field(default_factory=lambda: form(part(WAV)))
    method: str = "POST"
    host: str | None = "localhost"
    headers: tuple[str, ...] = ()
    content_type: str | None = "multipart/form-data; boundary=edge"

    def head(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"Host: {self.host}"] if self.host is not None else []
        lines += [f"Content-Type: {self.content_type}"] if self.content_type is not None else []
        return "\r\n".join([*lines, "Connection: close", *self.headers, "", ""]).encode("latin-1")

    def whole(self) -> bytes:
        return self.head().replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % len(self.body), 1) + self.body


@dataclass
class Answer:
    status: int
    headers: str
    body: bytes
    took_s: float
    sent_bytes: int

    def message(self) -> str:
        """Return the message of the documented body of errors."""
        assert "application/json" in self.headers
        content = json.loads(self.body)
        assert set(content) == {"status", "message"}
        assert content["status"] == "error"
        return str(content["message"])


def send(service: Service, pieces: Iterator[bytes]) -> Answer:
    """Send piece by piece, stop when an answer comes, read it to its end."""
    began, sent, answer = time.monotonic(), 0, b""
    port = int(service.http_url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        with contextlib.suppress(ConnectionError):  # the server may close before all is sent; its answer came first
            for piece in pieces:
                if select.select([client], [], [], 0)[0]:
                    break
                client.sendall(piece)
                sent += len(piece)
        while block := client.recv(1 << 16):
            answer += block
            head, found, body = answer.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if found and length and len(body) >= int(length[1]):
                break
    head, _, body = answer.partition(b"\r\n\r\n")
    return Answer(int(head.split()[1]), head.decode("latin-1"), body, time.monotonic() - began, sent)


def ask(service: Service, asked: Ask) -> Answer:
    return send(service, iter([asked.whole()]))


def is_unharmed(service: Service) -> bool:
    health = ask(service, Ask("/healthz", b"", "GET"))
    good = ask(service, Ask(IDS))
    return health.status == 200 and good.status == 200 and json.loads(good.body)["status"] == "ok"


def tells_nothing(answer: Answer) -> bool:
    return not re.search(rb"Traceback|\.py\b|site-packages|/home/|/usr/|/tmp/|0x[0-9a-f]{6}", answer.body)


def is_refused(service: Service, asked: Ask, status: int) -> Answer:
    """Ask, and hold every promise that does not depend on what was asked."""
    answer = ask(service, asked)
    assert answer.status == status
    assert answer.took_s < AT_MOST_S
    assert tells_nothing(answer)
    assert is_unharmed(service)
    return answer


def upload(content: bytes, media_type: str = "audio/wav") -> Ask:
    return Ask(body=form(part(content, media_type=media_type)))


def with_samples(value: float) -> bytes:
    return encode(np.array([0.0] * 8_000 + [value] * 8), subtype="FLOAT")


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


SOUNDS = {
    "empty file": (b"", "Empty audio: not one whole frame in 0 bytes"),
    "no frame": (encode(np.zeros(0)), "Empty audio: not one whole frame in 44 bytes"),
    "half a frame": (encode(np.zeros(1))[:-1], "Empty audio: not one whole frame in 45 bytes"),
    "no frame in FLAC": (encode(np.zeros(0), form="FLAC"), "Empty audio: not one whole frame in "),
    "a header alone": (b"RIFF\x24\0\0\0WAVE", "Empty audio: not one whole frame in 12 bytes"),
    "9 channels": (encode(np.zeros((10, 9))), "Too many channels: at most 8 are mixed, found 9"),
    "64 channels": (encode(np.zeros((10, 64))), "Too many channels: at most 8 are mixed, found 64"),
    "1024 channels": (encode(np.zeros((10, 1_024))), "Too many channels: at most 8 are mixed, found 1024"),
    "1 Hz": (encode(np.zeros(9), 1), "Sample rate out of range: 8000 to 192000 Hz are accepted, found 1 Hz"),
    "1 MHz": (encode(np.zeros(9), 10**6), "Sample rate out of range: 8000 to 192000 Hz are accepted, found 1000000 Hz"),
    "NaN": (with_samples(np.nan), "Audio not finite: NaN or Inf near 0.500 s"),
    "Inf": (with_samples(np.inf), "Audio not finite: NaN or Inf near 0.500 s"),
    "-Inf": (with_samples(-np.inf), "Audio not finite: NaN or Inf near 0.500 s"),
    "an hour": (
        encode(np.zeros(3_600 * 8_000, np.int16), 8_000, "FLAC"),
        "Audio too long: at most 600 s are analysed in one request, found 3600 s or more",
    ),
    "ADPCM": (encode(np.zeros(16_000), subtype="IMA_ADPCM"), "Unsupported encoding: IMA_ADPCM in WAV"),
    "AIFF": (encode(np.zeros(100), form="AIFF"), "Unreadable audio: .* found AIFF"),
    "MP3": (encode(np.zeros(16_000), form="MP3"), "Unreadable audio: "),
    "MP4": (box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + box(b"mdat", bytes(999)), "Unreadable audio: .* found MP4"),
    "zip": (b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(999), "Unreadable audio: .* found a zip archive"),
    "HTML": (b"<!doctype html><script>alert(1)</script>", "Unreadable audio: .* found bytes that begin with"),
    "ELF": (b"\x7fELF\2\1\1" + bytes(999), "Unreadable audio: .* found bytes that begin with"),
    "playlist": (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", "Unreadable audio: .* found bytes that begin with"),
    "text after RIFF": (b"RIFF\x24\0\0\0WAVEfmt " + b"\xff" * 99, "Empty audio: "),
    "garbage after fLaC": (b"fLaC" + b"\xff" * 999, "Unreadable audio: "),
    "garbage after OggS": (b"OggS" + b"\xff" * 999, "Unreadable audio: "),
}  # fmt: skip


@pytest.mark.parametrize("what", SOUNDS)
def test_a_hostile_sound_is_refused_with_the_reason(service: Service, what: str) -> None:
    content, message = SOUNDS[what]
    found = is_refused(service, upload(content), 400).message()
    assert found.startswith(message) or re.match(message, found)


@pytest.mark.parametrize(
    "media_type", ["text/plain", "text/html", "video/mp4", "audio/mpeg", "application/zip", "image/png"]
)
def test_a_wrong_media_type_is_refused_in_the_contract_s_words(service: Service, media_type: str) -> None:
    answer = is_refused(service, upload(WAV, media_type), 400)
    assert answer.message() == f"Invalid file type/extension: {media_type}"


@pytest.mark.parametrize(
    "start_time", ["1", "1.5", "1e9", "-1", "-0.0001", "nan", "NaN", "inf", "-inf", "soon", "1,5", "%00"]
)
def test_a_start_time_outside_the_clip_is_refused(service: Service, start_time: str) -> None:
    assert is_refused(service, Ask(f"{IDS}?start_time={start_time}"), 400).message() == START_TIME


CHAINS = ["+", "dp_noise+", "dp_noise+dp_noise", "none+dp_noise", "dp_noise%20scrample", "a+b+c+d+e+f"]


@pytest.mark.parametrize("method", ["blur", "None", "NONE", "no%0Ane", "%00", "none%20", "..", "dp_noise%00", *CHAINS])
def test_an_unknown_method_is_refused_with_the_known_ones(service: Service, method: str) -> None:
    message = is_refused(service, Ask(f"/model/predict/a/{method}/who/NSSD/which"), 400).message()
    assert message.startswith("Unknown method: '")
    assert message.endswith(f"'; known methods: {', '.join(anonymizers())}")
    assert message.isprintable()


HOSTILE_IDS = [
    "%0A",
    "a%0Ab",
    "a%0D%0Ab",
    "%1B[31m",
    "%00",
    "a%00",
    "a" * 65,
    "%C3%A9",
    "%F0%9F%94%A5",
    "%FF",
    "%20",
    "a%5Cb",
    "%25",
]


@pytest.mark.parametrize("found", HOSTILE_IDS)
@pytest.mark.parametrize("name", ["audio_file", "requestor_id", "requestor_type", "request_id"])
def test_a_hostile_id_is_refused_by_the_name_of_its_field(service: Service, name: str, found: str) -> None:
    ids = {"audio_file": "a", "method": "none", "requestor_id": "b", "requestor_type": "c", "request_id": "d"} | {
        name: found
    }
    message = is_refused(service, Ask("/model/predict/" + "/".join(ids.values())), 400).message()
    assert message.startswith(f"Invalid {name}: 1 to 64 characters of A-Z a-z 0-9 . _ - are allowed, found '")
    assert message.isprintable()


@pytest.mark.parametrize("found", HOSTILE_IDS)
def test_a_hostile_source_is_refused(service: Service, found: str) -> None:
    assert is_refused(service, Ask(f"{IDS}?source={found}"), 400).message().startswith("Invalid source: ")


@pytest.mark.parametrize(
    "path", ["/model/predict/a/none//NSSD/which", "/model/predict/a/none/b%2Fc/NSSD/which", IDS + "/", IDS + "/x"]
)
def test_an_empty_id_or_one_with_a_slash_is_another_address(service: Service, path: str) -> None:
    assert is_refused(service, Ask(path), 404).message() == "No such address; the API is described at /docs"


def test_dots_are_an_id_like_any_other_and_lead_nowhere(service: Service) -> None:
    answer = ask(service, Ask("/model/predict/../none/../NSSD/.."))
    assert answer.status == 200
    assert json.loads(answer.body)["audio_file"] == ".."


@pytest.mark.parametrize(
    "filter_", ["nothing", "%00", "%1B[31m", "a%0Ab", "%22", "x" * 100_000, "%22%22%22", "%F0%9F%94%A5"]
)
def test_a_hostile_filter_is_refused_or_ignored(service: Service, filter_: str) -> None:
    answer = ask(service, Ask(f"{IDS}?filter={filter_}"))
    assert answer.status in {200, 400}
    assert answer.took_s < AT_MOST_S
    assert len(answer.body) < 4_000
    if answer.status == 400:
        assert answer.message().isprintable()
    assert is_unharmed(service)


@pytest.mark.parametrize(
    "asked",
    [
        Ask(body=WAV, content_type="audio/wav"),
        Ask(body=WAV, content_type="application/octet-stream"),
        Ask(body=WAV, content_type=None),
        Ask(body=b"", content_type=None),
        Ask(body=b'{"audio": "file:///etc/passwd"}', content_type="application/json"),
        Ask(body=b"audio=%2Fetc%2Fpasswd", content_type="application/x-www-form-urlencoded"),
        Ask(body=form(part(b"/etc/passwd", filename=None))),
        Ask(body=form(part(WAV, name="sound"))),
        Ask(body=form()),
        Ask(body=form(part(WAV)), content_type="multipart/form-data"),
        Ask(body=form(part(WAV)), content_type="multipart/form-data; boundary=other"),
        Ask(body=form(part(WAV)), content_type="multipart/form-data; boundary=" + "e" * 5_000),
        Ask(body=form(part(WAV))[:2_000]),
        Ask(body=b"--edge\r\n" + WAV),
        Ask(body=b"--edge\r\nContent-Disposition: form-data; name=audio\r\n" + b"\xff\x00\r\n\r\n"),
        Ask(body=b"\r\n--edge" * 10_000),
    ],
    ids=lambda asked: f"{asked.content_type}"[:40] + f" {len(asked.body)}",
)
def test_what_is_no_upload_is_refused_with_what_was_expected(service: Service, asked: Ask) -> None:
    assert "expected a file in the multipart field audio (or file)" in is_refused(service, asked, 400).message()


@pytest.mark.parametrize("filename", [None, "x"])
def test_a_thousand_parts_are_413(service: Service, filename: str | None) -> None:
    body = form(*(part(b"x", f"p{number}", filename) for number in range(1_000)), part(WAV))
    is_refused(service, Ask(body=body), 413).message()


def test_a_form_field_of_megabytes_is_413(service: Service) -> None:
    is_refused(service, Ask(body=form(part(bytes(5_000_000), "note", None), part(WAV))), 413).message()


def test_a_part_with_a_header_of_megabytes_is_refused(service: Service) -> None:
    answer = ask(service, Ask(body=b"--edge\r\nContent-Disposition: form-data; " + b"x" * 5_000_000 + form(part(WAV))))
    assert answer.status in {400, 413}
    assert answer.took_s < AT_MOST_S
    assert tells_nothing(answer)
    assert is_unharmed(service)


def test_a_huge_header_is_431(service: Service) -> None:
    answer = is_refused(service, Ask(headers=("X-Padding: " + "x" * 300_000,), body=b""), 431)
    assert len(answer.body) < 500


def test_many_headers_are_431(service: Service) -> None:
    is_refused(service, Ask(headers=tuple(f"X-Padding-{number}: {'x' * 90}" for number in range(3_000)), body=b""), 431)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_a_wrong_method_is_405(service: Service, method: str) -> None:
    assert is_refused(service, Ask(IDS, method=method), 405).message() == f"Method '{method}' not allowed here"


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/model/predict/", "/model/predict/a/b", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
     "/.git/config", "/swaggerui/..%2f..%2fapi.py", "/%00", "/%0A", "/console", "/static/x",
     "/<script>alert(1)</script>"],
)  # fmt: skip
def test_an_unknown_address_is_404(service: Service, path: str) -> None:
    answer = is_refused(service, Ask(path, b"", "GET"), 404)
    assert answer.message() == "No such address; the API is described at /docs"


@pytest.mark.parametrize(
    "line",
    [
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc",
        b"GET\r\n\r\n",
        b"post /healthz HTTP/1.1",
        b"GET /heal\nthz HTTP/1.1",
        b"\xff" * 99,
    ],
)
def test_what_is_no_http_is_400(service: Service, line: bytes) -> None:
    answer = send(service, iter([line + b"\r\nHost: localhost\r\n\r\n"]))
    assert answer.status in {400, 404}
    assert answer.took_s < AT_MOST_S
    assert tells_nothing(answer)
    assert is_unharmed(service)


@pytest.mark.parametrize(
    "header",
    ["Content-Length: abc", "Content-Length: -1", "Content-Length: 1e3", "Content-Length: 5\r\nContent-Length: 6",
     "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, identity", "Bad Header: x", "No colon"],
)  # fmt: skip
def test_a_wrong_length_or_header_is_refused_by_the_server(service: Service, header: str) -> None:
    answer = send(service, iter([Ask(headers=(header,)).head()]))
    assert answer.status in {400, 501}
    assert answer.took_s < AT_MOST_S
    assert tells_nothing(answer)
    assert is_unharmed(service)


def test_a_chunk_that_is_none_is_400(service: Service) -> None:
    answer = send(service, iter([Ask(headers=("Transfer-Encoding: chunked",)).head() + b"zz\r\nx\r\n"]))
    assert answer.status == 400
    assert tells_nothing(answer)
    assert is_unharmed(service)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5000", "localhost.evil.example", "[::2]", "", None])
def test_a_foreign_or_missing_host_is_421(service: Service, host: str | None) -> None:
    for asked in (Ask(host=host), Ask("/healthz", b"", "GET", host=host), Ask("/docs", b"", "GET", host=host)):
        assert is_refused(service, asked, 421).message().startswith("Host not allowed: ")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("localhost", "evil.example"),
        ("evil.example", "localhost"),
        ("localhost", "localhost"),
        ("localhost:5000", "evil.example"),
    ],
)
def test_two_hosts_are_refused(service: Service, first: str, second: str) -> None:
    answer = ask(service, Ask(host=f"{first}\r\nHost: {second}"))
    assert answer.status in {400, 421}
    assert is_unharmed(service)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "file://", "https://evil.example:5000"]
)
def test_a_foreign_origin_is_403(service: Service, origin: str) -> None:
    answer = is_refused(service, Ask(headers=(f"Origin: {origin}",)), 403)
    assert answer.message() == f"Origin not allowed: '{origin}'; the operator can add it to http.allowed_origins"


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://[x]"])
def test_an_origin_that_is_no_address_is_403(service: Service, origin: str) -> None:
    is_refused(service, Ask(headers=(f"Origin: {origin}",)), 403)


def test_the_same_origin_passes(service: Service) -> None:
    port = service.http_url.rsplit(":", 1)[1]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        assert ask(service, Ask(host=host, headers=(f"Origin: http://{host}",))).status == 200


def test_a_form_of_a_foreign_page_is_refused_before_its_sound_is_analysed(service: Service) -> None:
    is_refused(service, Ask(headers=("Origin: http://evil.example", "Sec-Fetch-Site: cross-site")), 403)
    metrics = ask(service, Ask("/metrics", b"", "GET")).body.decode()
    seconds = re.search(r"^hearken_sound_seconds_total (\S+)", metrics, re.MULTILINE)
    assert seconds
    assert float(seconds[1]) == 1.0, "only the good request that followed was analysed"


def test_a_body_of_200_mb_is_413_before_it_is_sent(service: Service) -> None:
    size = 200_000_000
    pieces = (bytes(1 << 20) for _ in range(size >> 20))
    head = Ask(headers=(f"Content-Length: {size}",)).head()
    answer = _too_large(service, head, pieces)
    assert answer.sent_bytes < 16 << 20


def test_a_chunked_body_of_200_mb_is_413_before_all_of_it_is_sent(service: Service) -> None:
    pieces = (b"100000\r\n" + bytes(1 << 20) + b"\r\n" for _ in range(200))
    answer = _too_large(service, Ask(headers=("Transfer-Encoding: chunked",)).head(), pieces)
    assert answer.sent_bytes < 100 << 20


def _too_large(service: Service, head: bytes, pieces: Iterator[bytes]) -> Answer:
    answer = send(service, chain([head], pieces))
    assert answer.status == 413
    assert answer.took_s < 10 * AT_MOST_S  # this client, too, needs time to make what it sends
    assert tells_nothing(answer)
    assert is_unharmed(service)
    return answer


@pytest.fixture
def guarded(alarm_tagger: FakeTagger) -> Iterator[Service]:
    running = Service(load(http={"port": 0, "token": "right"}, bus={"port": 0}), alarm_tagger)
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize(
    "shown", [None, "Bearer wrong", "Bearer", "Basic cmlnaHQ=", "right", "Bearer right\tx", "Bearer r\xefght"]
)
def test_without_the_token_everything_is_401(guarded: Service, shown: str | None) -> None:
    headers = () if shown is None else (f"Authorization: {shown}",)
    for asked in (
        Ask(headers=headers),
        Ask("/model/labels", b"", "GET", headers=headers),
        Ask("/x", b"", "GET", headers=headers),
    ):
        answer = ask(guarded, asked)
        assert answer.status == 401
        assert answer.message() == "Token required: send it as `Authorization: Bearer <token>`"
    assert ask(guarded, Ask(headers=("Authorization: Bearer right",))).status == 200


def test_a_client_that_goes_away_in_the_middle_harms_nobody(service: Service) -> None:
    port = int(service.http_url.rsplit(":", 1)[1])
    whole = Ask().whole()
    for size in (1, 20, 200, len(whole) - 1, len(whole)):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(whole[:size])
    assert is_unharmed(service)


def test_slow_clients_do_not_hold_up_the_others(service: Service) -> None:
    port = int(service.http_url.rsplit(":", 1)[1])
    held = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(20)]
    try:
        for client in held:
            client.sendall(Ask().whole()[:500])
        assert is_unharmed(service)
    finally:
        for client in held:
            client.close()


def test_requests_sent_at_once_are_answered_in_order(service: Service) -> None:
    port = int(service.http_url.rsplit(":", 1)[1])
    paths = ["/healthz", "/nowhere", "/readyz"]
    lines = [
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{end}\r\n"
        for path, end in zip(paths, ["", "", "Connection: close\r\n"], strict=True)
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall("".join(lines).encode())
        answers = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers) == [b"200", b"404", b"200"]


@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (16_000, 8), (44_100, 1), (8_000, 2)])
def test_samples_as_large_as_floats_can_be_are_clipped_or_refused(
    service: Service, rate_hz: int, channels: int
) -> None:
    signal = np.where(np.random.default_rng(2).random((rate_hz, channels)) < 0.5, -3e38, 3e38).astype(np.float32)
    answer = ask(service, upload(encode(signal, rate_hz, subtype="FLOAT")))
    assert answer.status in {200, 400}
    assert answer.took_s < AT_MOST_S
    assert is_unharmed(service)
