# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What an anonymiser is, and how it says what it gives.

A guarantee is a type, not a sentence: `Formal` for what a mechanism proves, with the unit it is proved for;
`Empirical` for what a benchmark measured; `Nothing` where there is neither. `hides` and `leaks` are the honest
sentences for people; both travel with every answer's description at ``/model/metadata``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Waveform = NDArray[np.float32]
RandomBytes = Callable[[int], bytes]
"""Returns that many unpredictable bytes; `os.urandom` unless a test hands in its own."""

os_random: RandomBytes = os.urandom


@dataclass(frozen=True, slots=True)
class Nothing:
    """No protection is claimed."""

    kind: Literal["none"] = "none"


@dataclass(frozen=True, slots=True)
class Empirical:
    """Protection as measured; `evidence` names the benchmark result that holds the figures."""

    evidence: str
    kind: Literal["empirical"] = "empirical"


@dataclass(frozen=True, slots=True)
class Formal:
    """A proven (epsilon, delta) bound, for neighbours that differ by one `unit` and for nothing larger."""

    mechanism: str
    unit: str
    epsilon: float
    delta: float
    kind: Literal["formal"] = "formal"


Guarantee = Nothing | Empirical | Formal


@dataclass(frozen=True, slots=True, eq=False)
class Anonymized:
    """What an anonymiser gives back: the waveform, as long as the one it took, and what the caller must know."""

    waveform: Waveform
    warnings: tuple[str, ...] = ()


class Anonymizer(Protocol):
    """Anything that takes a waveform and gives back one that tells less; safe to call from several threads."""

    @property
    def name(self) -> str:
        """Its published name, as in the request's path."""
        ...

    @property
    def guarantee(self) -> Guarantee:
        """What it gives, typed."""
        ...

    @property
    def keeps_time(self) -> bool:
        """Whether each sound stays at its time; if not, an alarm can only be said of the whole clip."""
        ...

    @property
    def hides(self) -> str:
        """What it does to the sound, in one sentence."""
        ...

    @property
    def leaks(self) -> str:
        """What it does not hide, in one sentence."""
        ...

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Take float32, shape (n,), n >= 1, mono, within -1..1; give back the same form and length."""
        ...


class Identity:
    """The method ``none``: the sound as it came."""

    name = "none"
    keeps_time = True
    guarantee: Guarantee = Nothing()
    hides = "Nothing: the sound is analysed as it came."
    leaks = "Everything."

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Give back `waveform` itself."""
        del sample_rate_hz
        return Anonymized(waveform)
