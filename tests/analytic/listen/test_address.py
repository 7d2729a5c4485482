# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.errors import SourceFailed
from analytic.ids import is_identifier
from analytic.listen.address import read


@pytest.mark.parametrize(
    ("text", "kind", "target", "name"),
    [
        ("mic:", "microphone", "", "mic"),
        ("mic:2", "microphone", "2", "mic-2"),
        ("mic:USB Audio, hw", "microphone", "USB Audio, hw", "mic-USB-Audio-hw"),
        ("kitchen.wav", "file", "kitchen.wav", "kitchen"),
        ("/sounds/a b.flac", "file", "/sounds/a b.flac", "a-b"),
        ("file:/sounds/x.wav", "file", "/sounds/x.wav", "x"),
        ("file:///sounds/x.wav", "file", "/sounds/x.wav", "x"),
        ("rtsp://cam.local/stream1", "rtsp", "rtsp://cam.local/stream1", "cam-local"),
        ("rtsps://u:p@10.0.0.7:322/s", "rtsp", "rtsps://u:p@10.0.0.7:322/s", "10-0-0-7"),
        ("http://radio/live.mp3", "http", "http://radio/live.mp3", "radio"),
        ("HTTPS://radio/live", "http", "HTTPS://radio/live", "radio"),
        ("rtsp://[fe80::1]:554/x", "rtsp", "rtsp://[fe80::1]:554/x", "fe80-1"),
        ("-", "stdin", "-", "stdin"),
    ],
)
def test_an_address_tells_what_opens_it(text: str, kind: str, target: str, name: str) -> None:
    address = read(text)
    assert (address.kind, address.target, address.name) == (kind, target, name)
    assert address.ends == (kind in ("file", "stdin"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:hunter2@cam:554/h264", "rtsp://***@cam:554/h264"),
        ("rtsp://admin:p@ss/hunter2@cam/h264", "rtsp://***@cam/h264"),
        ("http://cam/live?user=admin&password=hunter2", "http://cam/live?***"),
        ("rtsp://cam/user=admin_password=hunter2_channel=1.sdp", "rtsp://cam/user=***"),
        ("http://hunter2@cam/a?b=hunter2#hunter2", "http://***@cam/a?***"),
        ("https://:hunter2@cam/", "https://***@cam/"),
        ("http://cam/a#hunter2", "http://cam/a"),
    ],
)
def test_what_it_shows_of_itself_holds_no_secret(text: str, shown: str) -> None:
    address = read(text)
    assert address.shown == shown
    assert "hunter2" not in repr(address) + address.shown + address.name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no address of sound"),
        ("  ", "is no address of sound"),
        ("a\nb.wav", "is no address of sound"),
        ("file:", "names no file"),
        ("ftp://u:hunter2@host/x", "ftp:// is not known"),
        ("rtsp://", "names no host"),
        ("rtsp:///path", "names no host"),
        ("http://u:hunter2@:80/", "names no host"),
        ("http://host:99999/", "names no host"),
        ("http://u:hunter2@[::1/", "names no host"),
        ("http://host/a b", "names no host"),
    ],
)
def test_what_is_none_is_refused_in_a_sentence_without_secrets(text: str, said: str) -> None:
    with pytest.raises(SourceFailed, match=said) as error:
        read(text)
    assert "hunter2" not in str(error.value)


@given(st.text(max_size=80))
def test_whatever_is_read_has_a_name_that_sources_may_have(text: str) -> None:
    try:
        address = read(text)
    except SourceFailed:
        return
    assert is_identifier(address.name)


_SECRET = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12).map(
    lambda text: f"<{text}>"
)


@given(user=_SECRET, password=_SECRET, path=st.sampled_from(["", "/", "/a/b", "/a?x=1"]))
def test_no_password_is_ever_shown_escaped_or_not(user: str, password: str, path: str) -> None:
    text = f"rtsp://{user}:{password}@cam{path}"
    try:
        shown = read(text).shown
    except SourceFailed as error:
        shown = str(error)
    assert password not in shown


@pytest.mark.parametrize("text", ["rtsp:/user:secret@camera/x", "HTTP:user:secret@radio", "https:/a?key=secret"])
def test_a_slip_in_an_address_is_no_file_and_shows_no_password(text: str) -> None:
    with pytest.raises(SourceFailed, match="is no address") as caught:
        read(text)
    assert "secret" not in str(caught.value)
