# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Draw sounds of all the kinds that numpy alone can make, in fixed shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from model.labels import find
from model.tagger import Waveform
from model.training.synthesis import alarms, noises

Maker = Callable[[np.random.Generator, float], tuple[Waveform, tuple[str, ...]]]
SHARES: tuple[tuple[Maker, float], ...] = (
    (alarms.smoke_alarm, 0.20),
    (alarms.carbon_monoxide_alarm, 0.04),
    (alarms.siren, 0.12),
    (alarms.doorbell, 0.09),
    (alarms.telephone, 0.09),
    (alarms.beeps, 0.12),
    (alarms.chirping_battery, 0.04),
    (noises.coloured_noise, 0.09),
    (noises.hum, 0.03),
    (noises.engine, 0.06),
    (noises.strokes, 0.08),
    (noises.babble, 0.04),
)


def sounds(random: np.random.Generator, count: int) -> Iterator[tuple[Waveform, tuple[int, ...]]]:
    """Yield `count` sounds of 4 s, float32, and the class indices that they are made to be."""
    makers = [maker for maker, _ in SHARES]
    shares = np.array([share for _, share in SHARES])
    for choice in random.choice(len(makers), count, p=shares / shares.sum()):
        waveform, names = makers[int(choice)](random, 4.0)
        yield waveform, tuple(label.index for label in map(find, names) if label is not None)
