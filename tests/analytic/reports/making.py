# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Reports to render: a small one, long ones, and any that a recording could have."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from analytic.events.types import AnonymizerName, Event, Message, ModelName, Requestor, Source, Stamp
from analytic.reports.report import LevelTrack, Loudness, Report, Scored, Sounding, Spectrogram

SHATTER = ("/m/07rjwbb", "Shatter")
SPEECH = ("/m/09x0r", "Speech")
HOSTILE = '"><script>alert(1)</script>$x$ & Küche 台所 \U0001f525\u202e.wav'


def alarm(onset_s: float = 1.0, offset_s: float | None = 2.5, name: str = "glass_break", **changes: Any) -> Message:
    """The last message of an alarm."""
    mid, label = SHATTER
    fields: dict[str, Any] = {
        "id": "0197-event",
        "phase": "end",
        "event_class": name,
        "label": label,
        "mid": mid,
        "score": 0.9125,
        "onset_s": onset_s,
        "offset_s": offset_s,
        "onset": None,
        "offset": None,
        "peak_dbfs": -3.5,
        "source": Source("clip"),
        "requestor": Requestor(),
        "model": ModelName("small", "1"),
        "anonymizer": AnonymizerName("none"),
        "severity": "critical",
    }
    return Event(**{**fields, **changes}).to_message(Stamp("0197-message", 1, "device", "2026-11-21T18:00:00Z"))


def sounding(onset_s: float = 0.5, offset_s: float = 3.0, label: str = SPEECH[1], score: float = 0.88) -> Sounding:
    return Sounding(onset_s, offset_s, SPEECH[0], label, score)


def surge(onset_s: float = 1.0, peak_dbfs: float = -12.0) -> Loudness:
    return Loudness(onset_s, onset_s + 0.6, onset_s + 0.1, peak_dbfs, -35.0, 20.0, 0.1, *SHATTER, 0.5)


def spectrogram(duration_s: float) -> Spectrogram:
    """64 bands of noise, with a tone in the middle."""
    step_s = max(0.125, duration_s / 1200)
    power_db = np.random.default_rng(1).normal(-75, 3, (64, round(duration_s / step_s))).astype(np.float32)
    power_db[30] = -20
    return Spectrogram(step_s, 700 * (np.exp(np.linspace(50, 2840, 64) / 1127) - 1), power_db)


def report(duration_s: float = 10.0, **changes: Any) -> Report:
    """A recording with an alarm, a surge and somebody who speaks."""
    steps = round(duration_s)
    fields: dict[str, Any] = {
        "id": "0197-report",
        "title": "kitchen.wav",
        "created": "2026-11-21T18:00:00Z",
        "duration_s": duration_s,
        "model": "small",
        "model_version": "1",
        "settings": {"sensitivity": "medium"},
        "container": "WAV",
        "encoding": "PCM_16",
        "sample_rate_hz": 16_000,
        "channels": 1,
        "alarms": (alarm(),),
        "heard": (sounding(),),
        "surges": (surge(),),
        "classes": (Scored(*SPEECH, 0.9),),
        "levels": LevelTrack(1.0, tuple([-40.0] * steps), tuple([-25.0] * steps)),
        "spectrogram": spectrogram(duration_s),
    }
    return Report(**{**fields, **changes})


def empty(duration_s: float = 10.0, **changes: Any) -> Report:
    """A recording in which nothing was heard."""
    return report(duration_s, **{"alarms": (), "heard": (), "surges": (), "classes": (), **changes})


def busy(duration_s: float) -> Report:
    """300 soundings of 30 classes, 40 alarms of 3, 100 surges."""
    chance = np.random.default_rng(2)
    onsets = np.sort(chance.uniform(0, duration_s * 0.98, 300)).tolist()
    names = ("glass_break", "smoke_alarm", "scream")
    return report(
        duration_s,
        heard=tuple(
            sounding(
                at_s, min(duration_s, at_s + duration_s / 40), f"Sound {index % 30}, of some kind", index % 10 / 10
            )
            for index, at_s in enumerate(onsets)
        ),
        alarms=tuple(alarm(at_s, at_s + 0.5, names[index % 3]) for index, at_s in enumerate(onsets[::8])),
        surges=tuple(surge(at_s, -10.0 - index % 30) for index, at_s in enumerate(onsets[::3])),
    )


TEXTS = st.text(st.characters(exclude_categories=()), max_size=30)
TIMES = st.floats(0, 100_000)
SCORES = st.floats(0, 1)
DBFS = st.floats(-120, 0)


@st.composite
def alarms(draw: st.DrawFn) -> Message:
    """Any alarm, also with words that no alert class has."""
    return alarm(
        draw(TIMES),
        draw(st.none() | TIMES),
        draw(TEXTS),
        label=draw(TEXTS),
        mid=draw(TEXTS),
        score=draw(SCORES),
        peak_dbfs=draw(st.none() | DBFS),
    )


SOUNDINGS = st.builds(Sounding, TIMES, TIMES, TEXTS, TEXTS, SCORES)
SURGES = st.builds(Loudness, TIMES, TIMES, TIMES, DBFS, DBFS, st.floats(0, 120), TIMES, TEXTS, TEXTS, SCORES)


def reports() -> st.SearchStrategy[Report]:
    """Any report, without a spectrogram."""
    levels = st.lists(st.tuples(DBFS, DBFS), max_size=5)
    return st.builds(
        Report,
        id=TEXTS,
        title=TEXTS,
        created=TEXTS,
        duration_s=TIMES,
        model=TEXTS,
        model_version=TEXTS,
        method=TEXTS,
        mode=st.sampled_from(["server", "client"]),
        preprocessing=st.lists(TEXTS, max_size=3).map(tuple),
        settings=st.dictionaries(TEXTS, TEXTS, max_size=3),
        container=TEXTS,
        encoding=TEXTS,
        sample_rate_hz=st.integers(0, 192_000),
        channels=st.integers(0, 8),
        alarms=st.lists(alarms(), max_size=3).map(tuple),
        heard=st.lists(SOUNDINGS, max_size=3).map(tuple),
        surges=st.lists(SURGES, max_size=3).map(tuple),
        classes=st.lists(st.builds(Scored, TEXTS, TEXTS, SCORES), max_size=3).map(tuple),
        levels=levels.map(lambda steps: LevelTrack(1.0, *(tuple(one[side] for one in steps) for side in (0, 1)))),
        difficulties=st.lists(TEXTS, max_size=3).map(tuple),
        warnings=st.lists(TEXTS, max_size=3).map(tuple),
    )
