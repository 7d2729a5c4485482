# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Granular shuffle: short windows in a random order, each near its place.

The sound is cut into windows of some tens of ms that overlap by half, each is put at another place nearby, and they are
added up again. Source: D. Ellis, "shufflewins" (Time-domain scrambling of audio signals in MATLAB,
https://www.ee.columbia.edu/~dpwe/resources/matlab/scramble/, 2010), and sound shredding (S. Kumar et al., "Sound
shredding: privacy preserved audio sensing", HotMobile 2015).

Differences: a window's displacement is uniform and bounded, there it is Gaussian; beyond it the sound is mirrored,
so that moved windows bring no silence inwards.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anonymizers.base import Anonymized, Guarantee, Nothing, RandomBytes, Waveform, os_random
from anonymizers.frames import cut, join, raised_cosine
from anonymizers.laplace_noise import uniforms
from anonymizers.ranges import in_range
from anonymizers.repeatable import chance


class GranularShuffle:
    """Shuffle short windows within a radius.

    Parameters
    ----------
    window_s
        Length of a window in seconds, 0.025 to 0.05; it overlaps the next by half.
    radius_s
        The farthest that a window moves, in seconds, 0.25 to 0.5. Half of it is usual.
    random_bytes
        Where the order comes from.
    secret
        Where it is given, the order comes from it and the clip, and is the same for the same clip.
    """

    keeps_time = True  # to within the radius, which is no more than the step of the short windows
    guarantee: Guarantee = Nothing()  # attacked, and found to hide little: benchmarks/results/privacy.json
    leaks = (
        "The speaker's voice, its pitch and which sounds of speech were made are untouched, and so is when somebody "
        "spoke; windows can be put back in order in part by fitting their spectra to each other."
    )

    def __init__(
        self,
        name: str = "granular_shuffle",
        window_s: float = 0.032,
        radius_s: float = 0.5,
        random_bytes: RandomBytes = os_random,
        secret: bytes | None = None,
    ) -> None:
        self._window_s = in_range("length of a window", window_s, 0.025, 0.05, "s")
        self._radius_s = in_range("radius of the shuffle", radius_s, 0.25, 0.5, "s")
        self.name = name
        self.hides = (
            f"The order of windows of {1000 * window_s:g} ms, and so of the sounds within words, each moved by up to "
            f"{1000 * radius_s:g} ms."
        )
        self._random_bytes, self._secret = random_bytes, secret
        self._purpose = f"granular shuffle {window_s!r} {radius_s!r}"

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Shuffle; sound no longer than one window is given back as it was, with a warning."""
        hop = max(1, round(self._window_s * sample_rate_hz / 2))
        if waveform.size <= 2 * hop:
            length_ms = 1000 * waveform.size / sample_rate_hz
            warning = f"{self.name} changed nothing: {length_ms:.1f} ms of sound is a single window"
            return Anonymized(waveform, (warning,))
        frames = cut(waveform, hop, mirrored=True) * raised_cosine(2 * hop)
        draw = chance(self._random_bytes, self._secret, waveform, self._purpose)
        order = shuffled_nearby(len(frames), self._radius_s * sample_rate_hz / hop, draw)
        return Anonymized(join(frames[order], waveform.size).astype(np.float32))


def shuffled_nearby(count: int, radius: float, random_bytes: RandomBytes) -> NDArray[np.intp]:
    """Draw an order of `count` things in which none is farther than `radius` from its place: intp, shape (count,).

    Each thing gets its place plus a uniform of 0..radius, and these sums are sorted: only things less than `radius`
    apart can change sides.
    """
    return np.argsort(np.arange(count) + radius * uniforms(count, random_bytes), kind="stable")
