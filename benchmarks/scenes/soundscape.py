# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Ten minutes of a home with alarms in it, and the truth about them.

A background of one kind, looped; ordinary sounds over it at random times; alarm events at a stated SNR against both.
The same (seed, number) makes the same soundscape from the same pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.scenes import levels
from benchmarks.scenes.alarms import Alarm, draw_alarms, draw_clip, placed
from benchmarks.scenes.backgrounds import MICROPHONE_NOISE, add_noise, draw_background, weighted
from benchmarks.scenes.pool import Clip, Pool
from benchmarks.scenes.seams import faded
from benchmarks.scenes.truth import Played, Soundscape, TrueEvent
from model.tagger import Waveform

BACKGROUND_WEIGHTS = {
    "room_tone": 0.35,
    "appliance": 0.15,
    "television": 0.1,
    "music": 0.1,
    "traffic": 0.1,
    "rain": 0.08,
    "wind": 0.05,
    "crowd": 0.04,
    "water": 0.02,
    "noise": 0.01,
}
# A quiet home at a small microphone with gain: about 35 to 50 dB SPL.
BACKGROUND_DBFS = (-46.0, 5.0)  # mean and standard deviation, kept within two of them
DISTRACTOR_WEIGHTS = {
    "speech": 0.3,
    "music": 0.12,
    "kitchen": 0.1,
    "steps": 0.08,
    "doors": 0.08,
    "household": 0.08,
    "people": 0.06,
    "clatter": 0.04,
    "appliances": 0.04,
    "bells": 0.03,
    "pets": 0.03,
    "bathroom": 0.02,
    "traffic": 0.03,
    "nature": 0.02,
    "tools": 0.01,
    "weather": 0.01,
}
DISTRACTORS_PER_MINUTE = 3.0  # of 3 to 10 s most: something is heard about a fifth of the time
DISTRACTOR_OVER_BACKGROUND_DB = (10.0, 6.0)  # likewise, within 0 to 22
LOUDEST_PEAK = 0.89  # -1 dBFS


def soundscape(pool: Pool, seed: int, number: int, *, minutes: float = 10.0, classes: Sequence[str]) -> Soundscape:
    """Make soundscape `number` of a series.

    Parameters
    ----------
    pool
        Where clips come from.
    seed, number
        Which one; two numbers have nothing in common but the pool.
    minutes
        Length.
    classes
        Alert classes whose events are put in. Each has a Poisson number of them, 2 in the mean, fewer where more than
        five classes are asked for. No distractor and no background is, or may be, of one of these.

    Returns
    -------
    Soundscape
        If the mixture would pass -1 dBFS, all of it is turned down together: the SNRs stay what they are.
    """
    random = np.random.default_rng([seed, number])
    samples = levels.count(minutes * 60)
    mixture, background, background_dbfs = _background(random, pool, classes, samples)
    distractors = _distract(random, pool, mixture, background_dbfs, classes)
    alarms = placed(random, draw_alarms(random, pool, classes, minutes), minutes)
    truth = [put_alarm(mixture, onset_s, alarm) for onset_s, alarm in alarms if alarm.audible]
    turned = min(1.0, LOUDEST_PEAK / max(float(np.abs(mixture).max()), 1e-9))
    mixture *= np.float32(turned)
    change_db = float(20 * np.log10(turned))
    return Soundscape(
        mixture,
        tuple(truth),
        tuple(replace(one, level_dbfs=one.level_dbfs + change_db) for one in distractors),
        tuple(classes),
        background,
    )


def put_alarm(mixture: Waveform, onset_s: float, alarm: Alarm) -> TrueEvent:
    """Add an alarm to a mixture in place, at its SNR against what is there already; return the truth."""
    start = levels.count(onset_s)
    span = mixture[start : start + alarm.waveform.size]
    event = alarm.waveform[: span.size]
    event = event * levels.gain(alarm.snr_db - levels.snr_db(event, span))
    span += event
    return TrueEvent(
        alarm.event_class,
        levels.seconds(start),
        levels.seconds(start + min(alarm.audible, span.size)),
        alarm.snr_db,
        alarm.clip.group,
        alarm.clip.path,
        alarm.clip.may_hold - {alarm.event_class},
        alarm.event_class,
    )


def _background(
    random: np.random.Generator, pool: Pool, classes: Sequence[str], samples: int
) -> tuple[Waveform, str, float]:
    found = pool.backgrounds(classes)
    kind = weighted(random, BACKGROUND_WEIGHTS, found)
    mean_db, spread_db = BACKGROUND_DBFS
    dbfs = mean_db + spread_db * float(np.clip(random.standard_normal(), -2, 2))
    mixture = np.zeros(samples, np.float32)
    if kind is not None:
        drawn = draw_background(random, pool, found, kind, samples)
        mixture += levels.gain(dbfs) * drawn.waveform
        kind = drawn.kind
    add_noise(random, mixture)
    return mixture, kind or MICROPHONE_NOISE, dbfs


def _distract(
    random: np.random.Generator, pool: Pool, mixture: Waveform, background_dbfs: float, classes: Sequence[str]
) -> list[Played]:
    by_kind: dict[str, list[Clip]] = {}
    for clip in pool.non_alarms(classes):
        by_kind.setdefault(clip.kind, []).append(clip)
    length_s = levels.seconds(mixture.size)
    onsets_s = np.sort(random.uniform(0, length_s, random.poisson(DISTRACTORS_PER_MINUTE * length_s / 60)))
    played = []
    for onset_s in onsets_s:
        kind = weighted(random, DISTRACTOR_WEIGHTS, by_kind)
        if kind is None:
            break
        mean_db, spread_db = DISTRACTOR_OVER_BACKGROUND_DB
        over_db = float(np.clip(random.normal(mean_db, spread_db), 0.0, 22.0))
        clip = draw_clip(random, by_kind[kind])
        played.append(put_sound(mixture, pool.audible(clip), float(onset_s), background_dbfs + over_db, clip))
    return [one for one in played if one is not None]


def put_sound(mixture: Waveform, sound: Waveform, onset_s: float, level_dbfs: float, clip: Clip) -> Played | None:
    """Add a sound to a mixture in place at a level over its active part; None where it is silent or finds no room."""
    start = levels.count(onset_s)
    span = mixture[start : start + sound.size]
    if span.size == 0:
        return None
    span += (faded(sound) * levels.gain(level_dbfs - levels.active_level_dbfs(sound)))[: span.size]
    end_s = levels.seconds(start + span.size)
    return Played(clip.kind, levels.seconds(start), end_s, level_dbfs, clip.group, clip.path, clip.may_hold)
