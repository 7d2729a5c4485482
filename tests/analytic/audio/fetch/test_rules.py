# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which addresses are fetched, as far as their text tells; and what people are shown of them."""

from __future__ import annotations

import contextlib
import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.audio.fetch import Target, checked, shown
from analytic.errors import AddressRefused

FETCHED = [
    "http://example.org",
    "https://example.org/",
    "HTTPS://EXAMPLE.ORG/A",
    "http://example.org:8080/a/b.mp4?token=x#t=10",
    "http://a-b.example.co.uk/%20%41",
    "http://93.184.215.14/x.wav",
    "http://[2606:2800:220:1:248:1893:25c8:1946]/x",
    "http://camera/live.mp4",
    "http://1.example.org/",
    "http://example.org./",
    "http://127.0.0.1/",  # by its text: that it is not public is seen where it is looked up
]

REFUSED = {
    "": "only http",
    "example.org": "only http",
    "//example.org/": "only http",
    "file:///etc/passwd": "only http",
    "ftp://example.org/": "only http",
    "gopher://example.org/": "only http",
    "data:audio/wav;base64,AAAA": "only http",
    "rtsp://example.org/": "only http",
    "http:///etc/passwd": "no host",
    "http://": "no host",
    "http:example.org": "no host",
    "http://:80/": "no host",
    "http://user@example.org/": "no user",
    "http://user:word@example.org/": "no user",
    "http://@example.org/": "no user",
    "http://:@example.org/": "no user",
    "http://example.org\\@evil.example/": "no backslash",
    "http:\\\\example.org": "no backslash",
    "http://example.org:0/": "no host",
    "http://example.org:65536/": "cannot be read",
    "http://example.org:-1/": "cannot be read",
    "http://example.org:80x/": "cannot be read",
    "http://[::1/": "cannot be read",
    "http://[fe80::1%25eth0]/": "no host",
    "http://[::1%1]/": "no host",
    "http://exa_mple.org/": "no host",
    "http://-example.org/": "no host",
    "http://example.org-/": "no host",
    "http://exam%70le.org/": "no host",
    "http://*.example.org/": "no host",
    "http://127.1/": "four of them",
    "http://2130706433/": "four of them",
    "http://0x7f.1/": "four of them",
    "http://0x7f000001/": "four of them",
    "http://017700000001/": "four of them",
    "http://127.0.0.1./": "four of them",
    "http://example.0x1/": "four of them",
    "http://1.2.3.4.5/": "four of them",
    "http://example.org/a b": "printable ASCII",
    "http://example.org/\n": "printable ASCII",
    "http://exämple.org/": "printable ASCII",
    " http://example.org/": "printable ASCII",
    "http://example.org/" + "x" * 2_000: "printable ASCII",
}


@pytest.mark.parametrize("address", FETCHED)
def test_an_address_of_the_right_form_comes_back_as_it_is(address: str) -> None:
    assert checked(address) == address


@pytest.mark.parametrize("address", REFUSED, ids=lambda address: ascii(address)[:50])
def test_an_address_of_another_form_is_refused_with_the_reason(address: str) -> None:
    with pytest.raises(AddressRefused, match=REFUSED[address]):
        checked(address)


@settings(max_examples=1_000, deadline=None, derandomize=True)
@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://[", "http://a@", "http://1.2.3.", "http:/"]))
def test_any_text_is_an_address_or_refused_in_a_sentence(text: str, before: str) -> None:
    with contextlib.suppress(AddressRefused):
        assert checked(before + text) == before + text
    assert len(shown(before + text)) < 1_000


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://example.org/a.mp4", "http://example.org/a.mp4"),
        ("http://example.org:8080/a.mp4?token=secret", "http://example.org:8080/a.mp4?***"),
        ("http://example.org/a.mp4#secret", "http://example.org/a.mp4"),
        ("http://user:secret@example.org/a", "http://example.org/a"),
        ("HTTP://EXAMPLE.org/", "http://example.org/"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ("http://[::1/secret", "an address that cannot be read"),
        ("http://example.org:secret/", "an address that cannot be read"),
    ],
)
def test_what_is_shown_holds_no_user_no_password_and_no_query(address: str, expected: str) -> None:
    assert shown(address) == expected


def test_what_is_shown_of_a_long_address_is_cut() -> None:
    assert len(shown("http://example.org/" + "x" * 5_000 + "?a")) == 304


TARGETS = {
    "camera.home:554": ("camera.home", None, 554),
    "Camera:80": ("camera", None, 80),
    "192.168.1.5:80": (None, "192.168.1.5/32", 80),
    "192.168.0.0/16:8080": (None, "192.168.0.0/16", 8080),
    "[fd00::/8]:443": (None, "fd00::/8", 443),
    "[::1]:443": (None, "::1/128", 443),
    "fd00::/8:443": (None, "fd00::/8", 443),
}


@pytest.mark.parametrize("text", TARGETS)
def test_what_is_allowed_is_read(text: str) -> None:
    host, network, port = TARGETS[text]
    assert Target.of(text) == Target(host, ipaddress.ip_network(network) if network else None, port)


@pytest.mark.parametrize(
    "text",
    ["", "camera", "camera:", ":80", "camera:0", "camera:65536", "camera:x", "camera:-1", "camera:80:", "http://a:80",
     "a b:80", "a/b:80", "10.0.0.1/8:80", "10.0.0.0/33:80", "*.home:80", "user@camera:80", "camera:\uff18\uff10x"],
)  # fmt: skip
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected HOST:PORT or NETWORK:PORT"):
        Target.of(text)


@pytest.mark.parametrize(
    ("target", "host", "address", "port", "expected"),
    [
        ("camera.home:80", "camera.home", "192.168.1.5", 80, True),
        ("camera.home:80", "CAMERA.home", "10.0.0.1", 80, True),
        ("camera.home:80", "camera.home", "192.168.1.5", 81, False),
        ("camera.home:80", "other.home", "192.168.1.5", 80, False),
        ("camera.home:80", "camera.home.evil.example", "192.168.1.5", 80, False),
        ("camera.home:80", "xcamera.home", "192.168.1.5", 80, False),
        ("192.168.1.0/24:80", "anything", "192.168.1.5", 80, True),
        ("192.168.1.0/24:80", "anything", "192.168.2.5", 80, False),
        ("192.168.1.0/24:80", "anything", "192.168.1.5", 443, False),
        ("[fd00::/8]:80", "anything", "fd12::1", 80, True),
        ("[fd00::/8]:80", "anything", "fe80::1", 80, False),
        ("[fd00::/8]:80", "anything", "192.168.1.5", 80, False),
    ],
)
def test_exactly_what_is_named_is_allowed(target: str, host: str, address: str, port: int, expected: bool) -> None:
    assert Target.of(target).allows(host, ipaddress.ip_address(address), port) is expected
