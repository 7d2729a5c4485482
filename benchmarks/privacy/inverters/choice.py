# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which inverters an attacker tries on which method. It knows the method's name, as every client does."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks.privacy.inverters import spectral, warp
from benchmarks.privacy.inverters.unshuffle import unshuffle
from model.tagger import Waveform

Inverter = Callable[[Waveform], list[Waveform]]
"""Returns one sound, or several of which the attacker keeps what fits best."""
REPEATS = 16


class Choice(NamedTuple):
    """An inverter.

    Attributes
    ----------
    invert
        The inverter itself.
    retrain
        Whether its sounds are unlike clean ones, so that a semi-informed attacker trains on them.
    search
        Whether it gives several sounds to choose from.
    """

    invert: Inverter
    retrain: bool = False
    search: bool = False


def _one(undo: Callable[[Waveform], Waveform], *, retrain: bool) -> Choice:
    return Choice(lambda sound: [undo(sound)], retrain)


def _moved_back(sound: Waveform) -> list[Waveform]:
    return [warp.warped(sound, 1 / power) for power in warp.POWERS]


_UNSHUFFLED = {"unshuffled": _one(unshuffle, retrain=False)}
_DENOISED = {"denoised": _one(spectral.denoised, retrain=True)}
_BY_PART: dict[str, dict[str, Choice]] = {
    "none": {},
    "scrample": _UNSHUFFLED,
    "scramble": _UNSHUFFLED,
    "dp_noise": _DENOISED,
    "mcadams": {"resonances moved back": Choice(_moved_back, search=True)},
    "band_energy": {"rephased": _one(spectral.rephased, retrain=False)},
    "low_pass": {},
}


def inverters(method: str) -> dict[str, Choice]:
    """Return the inverters for a method, or for a chain such as ``speech_gate+reverse_splice``, by name."""
    chosen: dict[str, Choice] = {}
    for part in method.split("+"):
        chosen |= _BY_PART.get(part, _DENOISED)
    return chosen


def averaged(answers: list[Waveform]) -> Waveform:
    """Average the answers to repeated requests: noise that is drawn anew each time goes, the sound stays."""
    average: Waveform = np.stack(answers).mean(axis=0, dtype=np.float64).astype(np.float32)
    return average
