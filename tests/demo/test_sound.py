# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from demo.sound import ALARM_HZ, RATE_HZ, as_wav, smoke_alarm_in_a_room, temporal_three
from model.labels import find
from model.store import TaggerStore
from model.tagger import pool


def test_the_sound_is_ten_seconds_within_full_scale_and_the_same_each_time() -> None:
    sound = smoke_alarm_in_a_room()
    assert sound.shape == (10 * RATE_HZ,)
    assert np.abs(sound).max() <= 1.0
    np.testing.assert_array_equal(sound, smoke_alarm_in_a_room())
    assert not np.array_equal(sound, smoke_alarm_in_a_room(seed=1))


def test_the_alarm_beeps_three_times_and_pauses() -> None:
    beeping = np.abs(temporal_three()).reshape(-1, RATE_HZ // 2).max(axis=1) > 0
    assert beeping[:9].tolist() == [True, False, True, False, True, False, False, False, False]
    assert beeping[9:18].tolist() == beeping[:9].tolist()


def test_the_alarm_sounds_at_its_frequency() -> None:
    spectrum = np.abs(np.fft.rfft(temporal_three()[: RATE_HZ // 2]))
    assert abs(int(spectrum.argmax()) * 2 - ALARM_HZ) <= 2


def test_the_wav_holds_the_sound() -> None:
    sound = smoke_alarm_in_a_room()
    read, rate_hz = soundfile.read(io.BytesIO(as_wav(sound)))
    assert rate_hz == RATE_HZ
    np.testing.assert_allclose(read, sound, atol=1 / 32768)


def test_the_published_tagger_recognises_it(models_dir: Path) -> None:
    tagger = TaggerStore(models_dir).open("mn04_as", lanes=1)
    scores = pool(tagger.tag(smoke_alarm_in_a_room().astype(np.float32)).scores)
    for name in ("Fire alarm", "Smoke detector, smoke alarm"):
        label = find(name)
        assert label is not None
        assert scores[label.index] > 0.2
