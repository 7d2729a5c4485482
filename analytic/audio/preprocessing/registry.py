# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which methods there are, by the names that requests use, and chains of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analytic.audio.preprocessing.adaptive import Adaptive
from analytic.audio.preprocessing.loudness import Loudness
from analytic.audio.preprocessing.pre_emphasis import PreEmphasis
from analytic.audio.preprocessing.spectral_gate import SpectralGate
from analytic.audio.preprocessing.wavelet import Wavelet
from analytic.audio.preprocessing.wiener import Wiener
from analytic.errors import InvalidParameter

PARAMETER = "preprocess"


class Preprocessor(Protocol):
    """One method: sound in, as much sound out. It keeps no state, so threads may share it."""

    @property
    def name(self) -> str:
        """What requests call it."""
        ...

    @property
    def description(self) -> str:
        """What it does, in one sentence."""
        ...

    def __call__(self, waveform: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Return the sound made ready; what is handed in stays as it was.

        Parameters
        ----------
        waveform
            float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1.

        Returns
        -------
        numpy.ndarray
            The same; digital silence for digital silence.
        """
        ...


_EACH: tuple[Preprocessor, ...] = (PreEmphasis(), SpectralGate(), Wiener(), Wavelet(), Adaptive(), Loudness())

PREPROCESSORS: Mapping[str, Preprocessor] = MappingProxyType({one.name: one for one in _EACH})


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Methods one after the other; without any, sound stays as it is.

    Attributes
    ----------
    steps
        The methods, in their order.
    """

    steps: tuple[Preprocessor, ...] = ()

    @classmethod
    def of(cls, text: str | Sequence[str]) -> Preprocessing:
        """Read names: ``loudness,wiener``, or a sequence of them; empty for no steps.

        Raises
        ------
        InvalidParameter
            A name is unknown, or there twice.
        """
        whole = text if isinstance(text, str) else ",".join(text)
        names = [name.strip() for name in whole.split(",")] if whole.strip() else []
        if len(set(names)) < len(names) or not PREPROCESSORS.keys() >= set(names):
            expected = f"names with commas between, each at most once, of {', '.join(PREPROCESSORS)}"
            raise InvalidParameter(PARAMETER, expected, whole)
        return cls(tuple(PREPROCESSORS[name] for name in names))

    @property
    def names(self) -> tuple[str, ...]:
        """What the steps are called, in their order."""
        return tuple(step.name for step in self.steps)

    def __call__(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the steps: float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1, and the same comes out."""
        for step in self.steps:
            waveform = step(waveform)
        return waveform
