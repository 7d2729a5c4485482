# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A decoder that was taken over by what it decodes can refuse a recording, late and in strange words; no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from analytic.audio.decode import AudioLimits
from analytic.audio.sandbox import hatching
from analytic.audio.sandbox import sandbox as service_side
from analytic.audio.sandbox.hatching import SandboxLimits
from analytic.audio.sandbox.sandbox import Sandbox
from analytic.audio.streams import StreamLimits
from analytic.errors import AudioTooLong, DecoderFailed, NotAudio
from tests.analytic.audio.sandbox import hostile_nursery
from tests.analytic.audio.sandbox.recorded import SOUND, heard

ROOT = Path(__file__).parents[4]
LIMIT_S = 1.0
IN_TIME_S = LIMIT_S + 4  # this machine may be busy
KNOWN = ("has ended", "more time than", "more memory than", "cannot be decoded")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hatching, "MODULE", "tests.analytic.audio.sandbox.hostile_nursery")
        patched.setenv("PYTHONPATH", str(ROOT))
        limits = SandboxLimits(128 << 20, clip_s=LIMIT_S, stream_cpu_s=5, step_s=LIMIT_S, ready=2)
        with Sandbox(limits) as made:
            made.decode(_wav(), AudioLimits())  # it has started
            yield made


def _wav() -> bytes:
    from analytic.audio.clip import Clip
    from analytic.audio.excerpt import to_wav

    return to_wav(Clip(SOUND))


def is_unharmed(sandbox: Sandbox) -> bool:
    clip = sandbox.decode(_wav(), AudioLimits()).clip.waveform
    return clip.size == SOUND.size and np.array_equal(heard(sandbox, _wav()), clip)


def clip(sandbox: Sandbox, word: str) -> object:
    return sandbox.decode(word.encode(), AudioLimits())


def recording(sandbox: Sandbox, word: str) -> object:
    return heard(sandbox, word.encode().ljust(hostile_nursery.WORD_BYTES, b"\0"))


def is_refused(sandbox: Sandbox, ask: Callable[[Sandbox, str], object], word: str) -> bool:
    began = time.monotonic()
    with pytest.raises(DecoderFailed) as refusal:
        ask(sandbox, word)
    assert time.monotonic() - began < IN_TIME_S
    assert any(one in str(refusal.value) for one in KNOWN)
    return True


@pytest.mark.parametrize("word", [*hostile_nursery.BOTH, *hostile_nursery.CLIPS])
def test_a_clip_s_decoder_that_misbehaves_is_refused_in_time_and_the_next_clip_is_heard(
    sandbox: Sandbox, word: str
) -> None:
    assert is_refused(sandbox, clip, word)
    assert is_unharmed(sandbox)


@pytest.mark.parametrize("word", [*hostile_nursery.BOTH, *hostile_nursery.STREAMS])
def test_a_recording_s_decoder_that_misbehaves_is_refused_in_time_and_the_next_is_heard(
    sandbox: Sandbox, word: str
) -> None:
    assert is_refused(sandbox, recording, word)
    assert is_unharmed(sandbox)


def test_more_sound_than_the_limit_is_refused(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_side, "_MOST_BLOCK", 1 << 20)
    word = b"blocks without end".ljust(hostile_nursery.WORD_BYTES, b"\0")
    with pytest.raises(AudioTooLong):
        heard(sandbox, word, StreamLimits(max_duration_s=5.0))
    assert is_unharmed(sandbox)


def test_what_is_asked_for_out_of_bounds_is_not_there(sandbox: Sandbox) -> None:
    np.testing.assert_array_equal(recording(sandbox, "asks out of bounds"), np.zeros(16_000, np.float32))


def test_words_are_cut_and_can_be_shown(sandbox: Sandbox) -> None:
    decoded = sandbox.decode(b"words that cannot be shown", AudioLimits())
    assert decoded.container.startswith("[31mxxx")
    assert decoded.warnings[:2] == ("ab", "5")
    assert len(decoded.warnings) == 100
    for one in (decoded.container, *decoded.warnings):
        assert one.isprintable()
        assert len(one) <= 500


def test_an_error_s_words_are_cut_and_can_be_shown(sandbox: Sandbox) -> None:
    with pytest.raises(NotAudio) as refusal:
        clip(sandbox, "an error that cannot be shown")
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 500


def test_each_clip_has_a_process_of_its_own(sandbox: Sandbox) -> None:
    seen = set()
    for ask in (clip, recording) * 5:
        with pytest.raises(DecoderFailed) as told:
            ask(sandbox, "who")
        seen.add(told.value.reason)
    assert len(seen) == 10
