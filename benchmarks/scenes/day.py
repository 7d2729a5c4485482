# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Make the blocks of a day: what always sounds, what is planned for the hour, and what somebody plants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from benchmarks.scenes import levels
from benchmarks.scenes.alarms import Alarm
from benchmarks.scenes.pool import Pool
from benchmarks.scenes.soundscape import put_alarm
from benchmarks.scenes.stream import BLOCK_S, Mixer, Plan, Planned
from benchmarks.scenes.truth import Block, TrueEvent
from benchmarks.scenes.underlay import Underlay

HOUR_S = 3600.0
# Seconds from the begin of the stream -> what is planted in the block that begins then, and when in it (seconds).
Plant = Callable[[float], tuple[float, Alarm] | None]


def blocks(
    pool: Pool,
    underlay: Underlay,
    plan_hour: Callable[[int], Iterable[Planned]],
    *,
    hours: float,
    start_hour: int = 0,
    plant: Plant = lambda _start_s: None,
) -> Iterator[Block]:
    """Yield the blocks of so many hours.

    Parameters
    ----------
    pool, underlay
        Where the sound comes from.
    plan_hour
        Number of the hour from the begin -> the sounds whose course begins in it; they may run over.
    hours, start_hour
        Length, and the hour of the day at the begin.
    plant
        What is put on top, at its SNR against all else in the block.
    """
    mixer, plan = Mixer(pool), Plan()
    start_s, end_s = 0.0, hours * HOUR_S
    while start_s < end_s:
        number, into_s = divmod(start_s, HOUR_S)
        if into_s == 0:
            underlay.new_hour((start_hour + int(number)) % 24)
            for planned in plan_hour(int(number)):
                plan.add(planned)
        underlay.add_to(mixer.here)
        length_s = min(BLOCK_S, end_s - start_s)
        heard = [mixer.play(planned) for planned in plan.until(start_s + length_s)]
        truth = _planted(mixer, start_s, plant(start_s))
        yield Block(
            mixer.take(levels.count(length_s)),
            start_s,
            (start_hour + int(number)) % 24,
            tuple(played for played in heard if played),
            truth,
        )
        start_s += BLOCK_S


def _planted(mixer: Mixer, start_s: float, planted: tuple[float, Alarm] | None) -> tuple[TrueEvent, ...]:
    if planted is None or planted[1].audible == 0:
        return ()
    event = put_alarm(mixer.here, *planted)
    return (replace(event, onset_s=start_s + event.onset_s, offset_s=start_s + event.offset_s),)
