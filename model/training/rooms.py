# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Synthetic room responses: the direct sound, a few early reflections, and noise that dies away.

After J. A. Moorer, "About This Reverberation Business", Computer Music Journal 3(2), 1979: a late response is well
modelled by exponentially decaying noise whose treble dies first.
"""

from __future__ import annotations

import numpy as np

from model.tagger import SAMPLE_RATE_HZ, Waveform


def response(random: np.random.Generator, rt60_s: float, direct_to_late_db: float) -> Waveform:
    """Make a room response, float32, shape (n,), its direct sound at sample 0 with amplitude 1.

    Parameters
    ----------
    random
        Draws the reflections and the noise.
    rt60_s
        Time in which the late response falls by 60 dB; the response is cut there.
    direct_to_late_db
        Energy of the direct sound over that of everything after it.
    """
    samples = max(64, round(rt60_s * SAMPLE_RATE_HZ))
    time = np.arange(samples) / SAMPLE_RATE_HZ
    noise = random.standard_normal(samples).astype(np.float32)
    dull = 0.5 * (noise + np.concatenate([noise[:1], noise[:-1]]))
    decay = np.exp(-6.91 * time / rt60_s)
    late = decay * (decay * noise + (1 - decay) * dull)
    late[: int(0.003 * SAMPLE_RATE_HZ)] = 0.0
    early = random.integers(40, min(samples, 800), 6) if samples > 50 else np.array([], int)
    late[early] += random.uniform(-3, 3, early.size)
    late *= np.sqrt(10 ** (-direct_to_late_db / 10) / (np.sum(late**2) + 1e-9))
    late[0] = 1.0
    out: Waveform = late.astype(np.float32)
    return out
