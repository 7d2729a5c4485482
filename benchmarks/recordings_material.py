# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Long recordings whose truth is known: a video of two hours with alarms in it, an hour of WAV."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from benchmarks.pack import pack_folder
from benchmarks.scenes.pool import read_pool
from benchmarks.scenes.soundscape import soundscape
from benchmarks.scenes.truth import TrueEvent
from demo.sound import smoke_alarm_in_a_room
from tests.analytic.jobs.media import video

HOURS, MINUTES = 2, 10
CLASSES = ("smoke_alarm", "glass_break", "baby_cry", "scream", "dog_bark")
RATE_HZ, VIDEO_RATE_HZ = 16_000, 48_000
_SEED = 11
Sound = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Video:
    """A video, what truly sounds in it, and what it was made of."""

    content: bytes
    truth: tuple[TrueEvent, ...]
    made_of: str


def two_hours(folder: Path) -> Video:
    """Make the video, or read it where it was made before: MP4, 64 x 48 pixels, AAC in stereo, its index at the end."""
    kept, noted = folder / "two-hours.mp4", folder / "two-hours.json"
    if not noted.exists():
        truth: list[TrueEvent] = []
        kept.write_bytes(video(map(_in_stereo, _parts(truth))))
        noted.write_text(json.dumps([asdict(one) | {"may_hold": sorted(one.may_hold)} for one in truth]))
    found = [TrueEvent(**one | {"may_hold": frozenset(one["may_hold"])}) for one in json.loads(noted.read_text())]
    made_of = "recordings of the pack" if found and found[0].path else "synthetic noise and alarms"
    return Video(kept.read_bytes(), tuple(found), made_of)


def _parts(truth: list[TrueEvent]) -> Iterator[Sound]:
    """Give ten minutes after ten minutes; what sounds in them is added to `truth`."""
    pack = pack_folder()
    pool = read_pool(pack, split="val", folds=None) if pack else None
    for number in range(HOURS * 60 // MINUTES):
        start_s = number * MINUTES * 60
        if pool is None:
            part, found = _synthetic(number)
        else:
            scene = soundscape(pool, _SEED, number, minutes=MINUTES, classes=CLASSES)
            part, found = scene.waveform, list(scene.truth)
        truth += [_later(one, start_s) for one in found]
        print(f"recordings: {start_s + MINUTES * 60} s of the video", flush=True)
        yield part


def _later(event: TrueEvent, by_s: float) -> TrueEvent:
    moved = {"onset_s": event.onset_s + by_s, "offset_s": event.offset_s + by_s}
    return TrueEvent(**{name: getattr(event, name) for name in TrueEvent.__dataclass_fields__} | moved)


def _synthetic(number: int) -> tuple[Sound, list[TrueEvent]]:
    """Give ten minutes of noise with two smoke alarms, where there are no recordings."""
    rng = np.random.default_rng([_SEED, number])
    part = rng.normal(0, 0.003, MINUTES * 60 * RATE_HZ)
    found = []
    for onset_s in (120.0 + number, 420.0 + number):
        alarm = smoke_alarm_in_a_room(number)
        at = round(onset_s * RATE_HZ)
        part[at : at + alarm.size] += alarm
        found.append(TrueEvent("smoke_alarm", onset_s, onset_s + alarm.size / RATE_HZ, 30.0, "synthetic", ""))
    return part.astype(np.float32), found


def _in_stereo(part: Sound) -> Sound:
    wide = soxr.resample(part, RATE_HZ, VIDEO_RATE_HZ, "MQ")
    both: Sound = np.stack([wide, 0.9 * wide], axis=1).astype(np.float32)
    return np.clip(both, -1, 1)


class EndlessWav:
    """An hour of WAV, 48 kHz, stereo, 16 bits, of which a minute is in memory: bytes that can be sliced."""

    def __init__(self, seconds: int) -> None:
        rng = np.random.default_rng(3)
        self._minute = (rng.normal(0, 0.02, (60 * VIDEO_RATE_HZ, 2)) * 32767).astype("<i2").tobytes()
        size = seconds * VIDEO_RATE_HZ * 4
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, VIDEO_RATE_HZ, VIDEO_RATE_HZ * 4, 4, 16)
        head = struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + form + struct.pack("<4sI", b"data", size)
        self._head, self._size = head, len(head) + size

    def __len__(self) -> int:
        """How many bytes there are."""
        return self._size

    def __getitem__(self, wanted: slice) -> bytes:
        """Return some of them."""
        start, stop, _ = wanted.indices(self._size)
        found = bytearray(self._head[start:stop])
        while start + len(found) < stop:
            at = (start + len(found) - len(self._head)) % len(self._minute)
            found += self._minute[at : at + stop - start - len(found)]
        return bytes(found)
