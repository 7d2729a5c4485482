# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Files that fuzzers made (`make fuzz`), the smallest of each kind, and those that once did harm: none does now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analytic.audio.bytes_at import Held
from analytic.audio.decode import AudioLimits
from analytic.audio.sandbox.hatching import SandboxLimits
from analytic.audio.sandbox.sandbox import Sandbox
from analytic.audio.streams import StreamLimits
from analytic.errors import BadAudio, HearkenError

pytest.importorskip("av", reason="most of the files are of containers that need the extra video")
from benchmarks.fuzz.judge import MOST_S, clip, judge, recording

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())
HUNGRY = [path for path in CORPUS if path.name.startswith("hungry")]
OTHERS = [path for path in CORPUS if path not in HUNGRY]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxLimits(memory_bytes=128 << 20, clip_s=10, step_s=10)) as made:
        yield made


def test_the_corpus_is_small_and_not_empty() -> None:
    assert len(OTHERS) > 50
    assert HUNGRY
    assert sum(path.stat().st_size for path in CORPUS) <= 200 << 10


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
def test_a_file_is_sound_that_keeps_its_promise_or_refused(path: Path) -> None:
    judge(path.read_bytes())


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
def test_a_file_is_the_same_within_the_sandbox(sandbox: Sandbox, path: Path) -> None:
    content = path.read_bytes()
    as_clip = outcome(lambda: sandbox.decode(content, AudioLimits(max_duration_s=MOST_S)))
    as_recording = outcome(lambda: heard(sandbox, content, StreamLimits(max_duration_s=MOST_S)))
    assert (as_clip, as_recording) == (clip(content), recording(content).stream)


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except HearkenError as refusal:
        return type(refusal).__name__
    return "sound"


@pytest.mark.parametrize("path", HUNGRY, ids=lambda path: path.name)
def test_a_small_file_that_takes_gigabytes_is_refused_within_the_sandbox(sandbox: Sandbox, path: Path) -> None:
    with pytest.raises(BadAudio):
        heard(sandbox, path.read_bytes(), StreamLimits())


def heard(sandbox: Sandbox, content: bytes, limits: StreamLimits) -> int:
    with sandbox.open(Held(content), limits) as stream:
        return sum(int(block.size) for block in stream.blocks)
