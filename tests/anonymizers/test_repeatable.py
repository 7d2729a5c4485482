# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from anonymizers.base import RandomBytes
from anonymizers.repeatable import chance, checked_secret, keyed

SECRET = bytes(range(32))
CLIP = np.linspace(-1, 1, 1000, dtype=np.float32)


def drawn(stream: RandomBytes, *counts: int) -> list[bytes]:
    return [stream(count) for count in counts]


def test_the_same_clip_and_secret_give_the_same_bytes() -> None:
    assert drawn(keyed(SECRET, CLIP), 1, 100, 7) == drawn(keyed(SECRET, CLIP.copy()), 1, 100, 7)


def test_each_piece_is_as_long_as_asked_and_its_own() -> None:
    pieces = drawn(keyed(SECRET, CLIP), 32, 32, 0, 32)
    assert [len(piece) for piece in pieces] == [32, 32, 0, 32]
    assert len(set(pieces)) == 4


def changed() -> np.ndarray:
    """Return the clip with the last bit of one sample turned."""
    words = CLIP.copy().view(np.uint32)
    words[500] ^= 1
    return words.view(np.float32)


@pytest.mark.parametrize(
    "other",
    [
        keyed(bytes(32), CLIP),
        keyed(SECRET, changed()),
        keyed(SECRET, CLIP[:-1]),
        keyed(SECRET, CLIP, "another purpose"),
    ],
    ids=["secret", "a bit of the clip", "length", "purpose"],
)
def test_anything_else_gives_bytes_of_its_own(other: RandomBytes) -> None:
    first, second = (np.frombuffer(stream(10_000), np.uint8) for stream in (keyed(SECRET, CLIP), other))
    assert np.count_nonzero(first == second) < 100  # 39 by chance


def test_it_is_shake_of_an_hmac_and_a_counter() -> None:
    key = hmac.new(SECRET, hashlib.sha256(CLIP.tobytes()).digest() + b"noise", "sha256").digest()
    stream = keyed(SECRET, CLIP, "noise")
    for number, count in enumerate((5, 500)):
        assert stream(count) == hashlib.shake_256(key + number.to_bytes(8, "little")).digest(count)


def test_a_clip_that_is_a_view_counts_by_its_samples() -> None:
    twice = np.repeat(CLIP, 2)
    assert keyed(SECRET, twice[::2])(10) == keyed(SECRET, CLIP)(10)


def test_the_bytes_look_like_chance() -> None:
    counts = np.bincount(np.frombuffer(keyed(SECRET, CLIP)(256_000), np.uint8), minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-3


@given(st.binary(max_size=15))
def test_a_secret_that_can_be_guessed_is_refused_and_not_told(secret: bytes) -> None:
    with pytest.raises(ValueError, match=f"^a secret has at least 16 bytes, found {len(secret)}$"):
        keyed(secret, CLIP)


def test_a_secret_of_16_bytes_will_do() -> None:
    assert checked_secret(bytes(16)) == bytes(16)


def test_without_a_secret_chance_is_what_was_handed_in() -> None:
    assert chance(bytes, None, CLIP, "noise") is bytes


def test_with_a_secret_what_was_handed_in_is_left_alone() -> None:
    def refuse(count: int) -> bytes:
        raise AssertionError(count)

    assert chance(refuse, SECRET, CLIP, "noise")(20) == keyed(SECRET, CLIP, "noise")(20)


def test_threads_that_draw_for_one_clip_draw_the_same() -> None:
    draw: Callable[[int], list[bytes]] = lambda _: drawn(keyed(SECRET, CLIP), *([8] * 100))  # noqa: E731
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(draw, range(16)))
    assert all(answer == answers[0] for answer in answers)
