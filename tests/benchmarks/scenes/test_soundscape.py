# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools

import numpy as np
import pytest

import benchmarks.scenes.soundscape as module
from benchmarks.scenes.alarms import GAP_S, SNR_DB, Alarm, draw_alarm, placed
from benchmarks.scenes.levels import snr_db
from benchmarks.scenes.pool import Pool, read_pool
from benchmarks.scenes.soundscape import put_alarm, soundscape
from benchmarks.scenes.truth import Soundscape
from model.tagger import Waveform

CLASSES = ("glass_break", "gunshot", "smoke_alarm")
RATE_HZ = 16_000


def alarms_and_rest(
    pool: Pool, whole: Soundscape, number: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[Waveform, Waveform]:
    """The alarms of a soundscape alone, and all else alone, at the scale of the latter."""
    monkeypatch.setattr(module, "draw_alarms", lambda *_: [])
    rest = soundscape(pool, 7, number, minutes=3.0, classes=CLASSES).waveform
    quiet = slice(0, RATE_HZ * 5)  # before the first alarm
    turned = float(np.vdot(whole.waveform[quiet], rest[quiet]) / np.vdot(rest[quiet], rest[quiet]))
    return whole.waveform / np.float32(turned) - rest, rest


def test_the_same_number_makes_the_same_soundscape_and_another_makes_another(pool: Pool) -> None:
    fresh = read_pool(pool.pack, split=None, folds=None)
    first, again, other = (
        soundscape(source, 7, number, minutes=2.0, classes=CLASSES)
        for source, number in ((pool, 0), (fresh, 0), (pool, 1))
    )
    assert np.array_equal(first.waveform, again.waveform)
    assert (first.truth, first.distractors) == (again.truth, again.distractors)
    assert not np.array_equal(first.waveform, other.waveform)


@pytest.mark.parametrize("number", range(4))
def test_alarms_lie_where_and_as_loud_as_the_truth_says(
    pool: Pool, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = soundscape(pool, 7, number, minutes=3.0, classes=CLASSES)
    alarms, rest = alarms_and_rest(pool, whole, number, monkeypatch)
    for event in whole.truth:
        near = alarms[round((event.onset_s - 3) * RATE_HZ) : round((event.offset_s + 3) * RATE_HZ)]
        loud = np.flatnonzero(np.abs(near) > 0.1 * np.abs(near).max())
        assert loud[0] / RATE_HZ - 3 == pytest.approx(0.0, abs=0.05)
        span = slice(round(event.onset_s * RATE_HZ), round(event.offset_s * RATE_HZ))
        assert event.snr_db in SNR_DB
        assert snr_db(alarms[span], rest[span]) == pytest.approx(event.snr_db, abs=0.5)


@pytest.mark.parametrize("wanted_db", SNR_DB)
def test_the_snr_is_right_within_half_a_decibel(pool: Pool, wanted_db: float) -> None:
    random = np.random.default_rng(3)
    before = random.standard_normal(RATE_HZ * 10).astype(np.float32) * np.float32(0.01)
    clip = pool.events("smoke_alarm")[0]
    sound = pool.audible(clip)
    after = before.copy()
    event = put_alarm(after, 2.0, Alarm("smoke_alarm", sound, sound.size, wanted_db, clip))
    span = slice(round(event.onset_s * RATE_HZ), round(event.offset_s * RATE_HZ))
    heard = 10 * np.log10(np.mean((after - before)[span] ** 2) / np.mean(before[span] ** 2))
    assert heard == pytest.approx(wanted_db, abs=0.5)
    assert np.array_equal(after[: 2 * RATE_HZ], before[: 2 * RATE_HZ])


def test_nothing_clips_and_nothing_is_digitally_silent(pool: Pool) -> None:
    one = soundscape(pool, 7, 3, minutes=1.0, classes=CLASSES)
    assert one.waveform.dtype == np.float32
    assert one.waveform.shape == (60 * RATE_HZ,)
    assert 0 < np.abs(one.waveform).max() <= 0.8901
    assert np.abs(one.waveform).reshape(-1, 1600).max(axis=1).min() > 0


def test_alarms_keep_their_distance_whatever_was_drawn(pool: Pool) -> None:
    random = np.random.default_rng(1)
    drawn = [draw_alarm(random, pool, "smoke_alarm") for _ in range(40)]
    kept = placed(random, drawn, 10.0)
    assert 10 < len(kept) < 40
    for (before_s, before), (after_s, _) in itertools.pairwise(kept):
        assert after_s - before_s - before.waveform.size / RATE_HZ >= GAP_S - 1e-6
    assert kept[0][0] >= 5
    assert kept[-1][0] + kept[-1][1].waveform.size / RATE_HZ <= 595 + 1e-6


def test_a_smoke_alarm_lasts_until_somebody_comes(pool: Pool) -> None:
    lengths_s = [draw_alarm(np.random.default_rng(seed), pool, "smoke_alarm").audible / RATE_HZ for seed in range(5)]
    assert all(9.9 < length_s < 31.5 for length_s in lengths_s)


def test_a_gunshot_says_that_it_may_be_called_an_explosion(pool: Pool) -> None:
    events = [
        event for number in range(2) for event in soundscape(pool, 7, number, minutes=2.0, classes=["gunshot"]).truth
    ]
    assert events
    assert all("explosion" in event.may_hold and "gunshot" not in event.may_hold for event in events)


def test_no_distractor_may_be_an_alarm_that_is_looked_for(pool: Pool) -> None:
    one = soundscape(pool, 7, 0, minutes=2.0, classes=["dog_bark", "smoke_alarm", "scream"])
    assert one.distractors
    assert {played.group for played in one.distractors}.isdisjoint({"of dog", "of alarm", "of smoke", "of yell"})


def test_a_class_without_clips_and_a_pool_without_backgrounds_do_no_harm(pool: Pool) -> None:
    assert soundscape(pool, 7, 0, minutes=0.5, classes=["car_alarm"]).truth == ()
    bare = soundscape(Pool(pool.pack, pool.events("gunshot")), 7, 0, minutes=0.5, classes=["gunshot"])
    assert bare.background == "microphone_noise"
    assert bare.distractors == ()
