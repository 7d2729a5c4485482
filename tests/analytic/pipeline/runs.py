# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A pipeline of fakes that notes what happens in which order, and sound with loud pieces for it to hear."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytic.app import make_policies
from analytic.audio.clip import Clip
from analytic.events.modes import Policies
from analytic.events.types import Event, Stamp
from analytic.pipeline import Analysis, Heads, Pipeline, Task
from analytic.settings.alerts import AlertSettings
from anonymizers.base import Anonymized, Identity
from model.fake import FakeTagger

Waveform = NDArray[np.float32]
Scores = Mapping[str, float]
RATE_HZ = 16_000
NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z
DEVICE = "0123456789abcdef" * 2
QUIET, LOUD = 0.01, 0.5

AT_ONCE = {"confirm": 1, "among": 1, "release_s": 1.0}
ALERTS: Mapping[str, Any] = {
    "enabled": ("fire", "scream"),
    "thresholds": {"fire": 0.3, "scream": 0.02},
    "rules": {"fire": AT_ONCE, "scream": AT_ONCE},
}


class Halved(Identity):
    """An anonymiser that makes everything half as loud."""

    name = "halved"

    def __init__(self, diary: list[str]) -> None:
        self._diary = diary

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        self._diary.append(f"anonymize at {sample_rate_hz}")
        return Anonymized(waveform * np.float32(0.5), ("made quieter",))


class Moved(Identity):
    """An anonymiser that says that it moves sound in time."""

    name = "moved"
    keeps_time = False


class Run:
    """A pipeline of fakes that notes what happens in which order.

    `now` and `mode` may be set: Unix time, and the mode that holds, as the settings name it.
    """

    def __init__(
        self,
        hear: Callable[[Waveform], Scores] | Scores,
        alerts: Mapping[str, Any] = ALERTS,
        heads: Heads | None = None,
    ) -> None:
        self.diary: list[str] = []
        self.heard: list[Waveform] = []
        self.published: list[Event] = []
        self.now = NOON
        self.mode = "home"
        event_ids = itertools.count(1)

        def listen(waveform: Waveform) -> Scores:
            self.diary.append("tag")
            self.heard.append(waveform)
            return hear(waveform) if callable(hear) else hear

        self.pipeline = Pipeline(
            FakeTagger(listen),
            {"none": Identity(), "halved": Halved(self.diary), "moved": Moved()},
            Policies(make_policies(AlertSettings(**alerts), "mn04_as").by_mode, lambda: self.mode),
            self.publish,
            lambda: f"event-{next(event_ids)}",
            heads=heads,
            observe=lambda stage, seconds: self.diary.append(f"observed {stage}") if seconds >= 0 else None,
            now=lambda: self.now,
        )

    def publish(self, events: Sequence[Event]) -> list[Stamp]:
        self.diary.append(f"publish {len(events)}")
        first = len(self.published) + 1
        self.published += events
        return [
            Stamp(f"message-{number}", number, DEVICE, "2026-01-01T12:00:00Z")
            for number in range(first, first + len(events))
        ]

    def analyse(
        self, seconds: float = 2.0, *loud: tuple[float, float], start_s: float = 0.0, task: Task | None = None
    ) -> Analysis:
        """Analyse a clip that is loud from each first to each second second, or all the time where none is given."""
        return self.pipeline.analyse(Clip(sound(seconds, *loud or [(0.0, seconds)]), start_s), task)


def sound(seconds: float, *loud: tuple[float, float]) -> Waveform:
    """Quiet sound with loud pieces, each from its first to its second second; it changes sign all the time."""
    amplitude = np.full(round(seconds * RATE_HZ), QUIET, np.float32)
    for start_s, stop_s in loud:
        amplitude[round(start_s * RATE_HZ) : round(stop_s * RATE_HZ)] = LOUD
    amplitude[1::2] *= -1
    return amplitude


def loud_s(piece: Waveform) -> float:
    """How many seconds of a piece are loud."""
    return int((np.abs(piece) > (QUIET + LOUD) / 4).sum()) / RATE_HZ


def where_loud(scores: Scores, otherwise: Scores | None = None, least_s: float = 0.5) -> Callable[[Waveform], Scores]:
    """Hear these scores in a piece that holds at least this much loud sound."""
    return lambda piece: scores if loud_s(piece) >= least_s else otherwise or {}
