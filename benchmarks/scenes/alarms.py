# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The alarm events of a soundscape: how many, where, from which recording, through which room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from benchmarks.scenes.levels import audible_span, count, seconds
from benchmarks.scenes.pool import Clip, Pool
from benchmarks.scenes.seams import faded, joined
from model.tagger import Waveform
from model.training.rooms import response

SNR_DB = (0.0, 6.0, 12.0, 20.0)
GAP_S = 20.0  # at least, from the end of an alarm to the next one's begin
PER_TEN_MINUTES = 10.0  # alarms of all classes together, so that they fit with their gaps
MOST_PER_CLASS = 2.0  # mean number in ten minutes
IN_A_ROOM = 0.5
LASTING_S: Mapping[str, tuple[float, float]] = {"smoke_alarm": (10.0, 30.0)}  # goes on until somebody comes
_MARGIN_S = 5.0  # of quiet at both ends of a soundscape


@dataclass(frozen=True, slots=True, eq=False)
class Alarm:
    """An event to be placed: its sound, audible from sample 0 up to `audible`, what follows is the room's tail."""

    event_class: str
    waveform: Waveform
    audible: int
    snr_db: float
    clip: Clip


def draw_alarms(random: np.random.Generator, pool: Pool, classes: Sequence[str], minutes: float) -> list[Alarm]:
    """Draw a Poisson number of events of each class, in random order."""
    mean = min(MOST_PER_CLASS, PER_TEN_MINUTES / max(len(classes), 1)) * minutes / 10
    drawn = [name for name in classes if pool.events(name) for _ in range(random.poisson(mean))]
    return [draw_alarm(random, pool, drawn[place]) for place in random.permutation(len(drawn))]


def draw_alarm(random: np.random.Generator, pool: Pool, event_class: str) -> Alarm:
    """Draw an event: each recording of the class is as likely as the other, however many pieces it has."""
    clip = draw_clip(random, pool.events(event_class))
    waveform = _lasting(random, pool, clip, event_class)
    if random.random() < IN_A_ROOM:
        waveform = in_a_room(random, waveform)
    waveform = faded(waveform)
    return Alarm(event_class, waveform, audible_span(waveform)[1], SNR_DB[random.integers(len(SNR_DB))], clip)


def draw_clip(random: np.random.Generator, clips: Sequence[Clip]) -> Clip:
    """Draw a recording, then one of its pieces."""
    groups = sorted({clip.group for clip in clips})
    group = groups[random.integers(len(groups))]
    pieces = [clip for clip in clips if clip.group == group]
    return pieces[random.integers(len(pieces))]


def in_a_room(random: np.random.Generator, waveform: Waveform) -> Waveform:
    """Play a sound in a made-up room of 0.2 to 0.7 s; its direct sound stays where it is."""
    reverberation_s = float(np.exp(random.uniform(np.log(0.2), np.log(0.7))))
    tail = response(random, reverberation_s, direct_to_late_db=random.uniform(0.0, 12.0))
    out: Waveform = fftconvolve(waveform, tail).astype(np.float32)
    return out


def placed(random: np.random.Generator, alarms: Sequence[Alarm], minutes: float) -> list[tuple[float, Alarm]]:
    """Give each alarm its onset in seconds, in their order, `GAP_S` apart; those that do not fit are left out."""
    kept = list(alarms)
    while kept and _room_left_s(kept, minutes) < 0:
        kept.pop()
    if not kept:
        return []
    spare_s = np.sort(random.uniform(0.0, _room_left_s(kept, minutes), len(kept)))
    before_s = np.cumsum([0.0] + [seconds(alarm.waveform.size) + GAP_S for alarm in kept[:-1]])
    return [(_MARGIN_S + float(at), alarm) for at, alarm in zip(spare_s + before_s, kept, strict=True)]


def _room_left_s(alarms: Sequence[Alarm], minutes: float) -> float:
    taken_s = sum(seconds(alarm.waveform.size) for alarm in alarms) + GAP_S * (len(alarms) - 1)
    return minutes * 60 - 2 * _MARGIN_S - taken_s


def _lasting(random: np.random.Generator, pool: Pool, clip: Clip, event_class: str) -> Waveform:
    """Return the clip's audible part, or for a lasting alarm that of the recording's pieces, repeated."""
    once = pool.audible(clip)
    if event_class not in LASTING_S or once.size == 0:
        return once
    samples = count(random.uniform(*LASTING_S[event_class]))
    others = [pool.audible(one) for one in pool.events(event_class) if one.group == clip.group and one != clip]
    around = [once, *(one for one in others if one.size)]
    length = sum(one.size for one in around)
    return joined(around * (1 + samples // length), fade_s=0.03)[:samples]
