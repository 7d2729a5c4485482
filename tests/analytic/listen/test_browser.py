# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a browser sends, piece by piece."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from analytic.errors import ExtraMissing, SourceFailed
from analytic.listen import browser
from analytic.listen.browser import Webm
from tests.analytic.listen.conftest import PATIENCE_S, is_like, tone
from tests.analytic.listen.media import encoded, picture


@pytest.fixture(scope="module")
def webm() -> bytes:
    """Three seconds, written without going back, as a browser does."""
    return encoded(tone(3.0, rate_hz=48_000), "webm", container_options={"live": "1"})


def decoded(content: bytes, piece: int) -> np.ndarray:
    unpack = Webm()
    parts = [unpack.push(content[start : start + piece]) for start in range(0, len(content), piece)]
    return np.concatenate([*parts, unpack.close()])


@pytest.mark.parametrize("piece", [1, 7, 1000, 1 << 20])
def test_however_it_is_cut_it_is_the_same_sound(webm: bytes, piece: int) -> None:
    found = decoded(webm, piece)
    assert found.dtype == np.float32
    assert found.size == pytest.approx(48_000, abs=500)
    assert is_like(found, tone(3.0))
    assert np.array_equal(found, decoded(webm, 4096))


def test_sound_comes_while_more_is_awaited(webm: bytes) -> None:
    unpack, changed = Webm(), threading.Event()
    give = unpack._give

    def noted(samples: np.ndarray) -> bool:
        given = give(samples)
        changed.set()
        return given

    unpack._give = noted  # type: ignore[method-assign]
    unpack.push(webm[: len(webm) * 2 // 3])
    assert changed.wait(PATIENCE_S)
    assert unpack.push(b"").size > 0
    unpack.close()


def test_chromes_uncompressed_webm_is_taken() -> None:
    content = encoded(tone(1.0, rate_hz=48_000), "matroska", "pcm_f32le")
    assert is_like(decoded(content, 5000), tone(1.0))


@pytest.mark.parametrize("content", [b"\x1aE\xdf\xa3" + bytes(5000), b"\x1aE\xdf\xa3" + b"OggS" * 100, b"\x1aE"])
def test_bytes_that_only_begin_like_webm_are_refused(content: bytes) -> None:
    unpack = Webm()
    unpack.push(content)
    unpack._bytes.end()
    unpack._thread.join(PATIENCE_S)
    with pytest.raises(SourceFailed, match="these bytes are no WebM with Opus sound in it"):
        unpack.push(b"")
    assert unpack.close().size == 0


def test_a_wrong_first_byte_is_refused_at_once() -> None:
    unpack = Webm()
    with pytest.raises(SourceFailed, match="no WebM with Opus sound"):
        unpack.push(b"{")
    assert unpack.close().size == 0


def test_a_video_without_sound_is_refused() -> None:
    content = picture()
    with pytest.raises(SourceFailed, match="no WebM"):
        Webm().push(content)


def test_codecs_that_no_recorder_uses_are_refused() -> None:
    unpack, content = Webm(), encoded(tone(1.0, rate_hz=48_000), "matroska", "pcm_s16le")
    unpack.push(content)
    unpack._bytes.end()
    unpack._thread.join(PATIENCE_S)
    with pytest.raises(SourceFailed, match="no WebM"):
        unpack.push(b"")
    unpack.close()


def test_damage_on_the_way_raises_nothing_but_ours(webm: bytes) -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        damaged = bytearray(webm)
        for at in rng.integers(4, len(webm), 40):
            damaged[at] = rng.integers(256)
        unpack = Webm()
        try:
            unpack.push(bytes(damaged))
            unpack._bytes.end()
            unpack._thread.join(PATIENCE_S)
            unpack.push(b"")
        except SourceFailed:
            pass
        found = unpack.close()
        assert found.size == 0 or (np.isfinite(found).all() and np.abs(found).max() <= 1)


def test_memory_is_bounded_a_sender_that_is_too_fast_is_refused_and_close_waits_for_nobody(
    webm: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "_MOST_BYTES", len(webm))
    monkeypatch.setattr(browser, "_MOST_SAMPLES", 1600)
    unpack = Webm()
    unpack.push(webm)  # nobody takes the sound: the decoder waits after 0.1 s of it
    too_fast = (unpack.push(webm) for _ in range(3))
    with pytest.raises(SourceFailed, match="faster than it can be decoded"):
        list(too_fast)
    assert unpack.close().size < 2 * 1600
    assert not unpack._thread.is_alive()


def test_closed_before_anything_came_it_gives_nothing() -> None:
    assert Webm().close().size == 0


def test_without_pyav_it_says_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ExtraMissing, match=r"hearken\[video\]"):
        Webm()
