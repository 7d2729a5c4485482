# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Natural speech as one home hears it: one room, one microphone, one background for all who speak there.

Collections of natural speech have a room and a microphone for each speaker, and whoever knows the room knows the
speaker. In a home that tells nothing, so a method that hides voices must be judged without it as well. The fainter the
background here, the more of each recording's own shines through it. Conversation at home, at school and in hospital was
measured at 5 to 15 dB above the background (K. Pearsons, R. Bennett, S. Fidell, "Speech levels in various noise
environments", EPA-600/1-77-025, 1977, summed up by W. Olsen, American Journal of Audiology 7, 1998).
"""

from __future__ import annotations

from itertools import count

import numpy as np

from benchmarks.privacy.clips import MAIN, Condition, at_level
from benchmarks.privacy.material import Natural
from model.tagger import Waveform

BELOW_DB = (15.0, 20.0, 25.0, 30.0, 40.0)
_ROOM = Condition(MAIN.level_dbfs, room=True)


def in_one_home(speech: Natural, below_db: float) -> Natural:
    """Return the same pieces of speech in one room, each over pink noise of its own, so much below the speech."""
    number = count()

    def moved(sound: Waveform) -> Waveform:
        noise = pink(sound.size, next(number)) * 10 ** ((MAIN.level_dbfs - below_db) / 20)
        heard: Waveform = np.clip(at_level(sound, _ROOM) + noise, -1, 1).astype(np.float32)
        return heard

    return Natural(
        [(person, moved(sound)) for person, sound in speech.known],
        [moved(sound) for sound in speech.filed],
        [moved(sound) for sound in speech.tried],
        f"{speech.source}, in one home",
    )


def pink(samples: int, seed: int) -> Waveform:
    """Return noise whose power falls by 3 dB an octave from 40 Hz on, with an RMS of 1; float32, shape (samples,)."""
    spectrum = np.fft.rfft(np.random.default_rng([40, seed]).normal(size=samples))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(samples, 1 / 16_000), 40.0))
    noise = np.fft.irfft(spectrum, samples)
    whole: Waveform = (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)
    return whole
