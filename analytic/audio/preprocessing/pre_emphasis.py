# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Pre-emphasis: high frequencies are raised, low ones lowered, by a first difference.

The usual first step of speech recognisers since linear prediction (J. Makhoul, "Linear prediction", Proc. IEEE 63,
1975): it flattens the fall of speech towards high frequencies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analytic.audio.preprocessing.limits import check_range, within_full_scale


@dataclass(frozen=True, slots=True)
class PreEmphasis:
    """Take from each sample a share of the one before it: y[n] = x[n] - coefficient * x[n - 1], x[-1] = 0.

    Where that leaves -1..1 (high frequencies come out up to twice as large), the whole waveform is scaled down.

    Attributes
    ----------
    coefficient
        The share, 0 to 1, without unit; 0 changes nothing.

    Raises
    ------
    ValueError
        The coefficient is out of range.
    """

    name: ClassVar[str] = "pre_emphasis"
    description: ClassVar[str] = "Raises high frequencies against low ones by a first difference."

    coefficient: float = 0.97

    def __post_init__(self) -> None:
        check_range("coefficient of pre_emphasis", self.coefficient, 0, 1)

    def __call__(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Filter: float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1, and the same comes out."""
        raised = waveform.copy()
        raised[1:] -= np.float32(self.coefficient) * waveform[:-1]
        return within_full_scale(raised)
