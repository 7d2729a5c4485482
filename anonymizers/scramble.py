# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Segment shuffle: the predecessor's ``scrample``, kept under its published name.

The sound is cut into segments of one second and these are put into a random order. Words shorter than a segment stay
whole, the voice stays the voice, and the order can often be found again by fitting the segments' edges to each other:
benchmarks/results/privacy_baseline.json says how often. It is kept for those who ask for it by name.

With a secret, the order hangs on it and on the clip: the predecessor drew another order for each request, so that the
answers to repeats could be put together.
"""

from __future__ import annotations

import numpy as np

from anonymizers.base import Anonymized, Empirical, Guarantee, RandomBytes, Waveform, os_random
from anonymizers.repeatable import chance


class SegmentShuffle:
    """Cut into segments, shuffle, join.

    Parameters
    ----------
    segment_s
        Length of a segment in seconds, > 0; the last one is what remains.
    random_bytes
        Where the order comes from.
    secret
        Where it is given, the order comes from it and the clip, and is the same for the same clip.
    """

    keeps_time = False
    guarantee: Guarantee = Empirical(evidence="benchmarks/results/privacy_baseline.json")
    leaks = (
        "Words within a segment and the speaker's voice are untouched, and the order can often be recovered: "
        "this is no encryption and no anonymity."
    )

    def __init__(
        self,
        name: str = "scrample",
        segment_s: float = 1.0,
        random_bytes: RandomBytes = os_random,
        secret: bytes | None = None,
    ) -> None:
        if not segment_s > 0:
            raise ValueError(f"a segment has more than 0 s, found {segment_s}")
        self.name = name
        self.hides = f"The order of segments of {segment_s:g} s; each segment is left as it was."
        self._segment_s = segment_s
        self._random_bytes, self._secret = random_bytes, secret
        self._purpose = f"segment shuffle {segment_s!r}"

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Shuffle the segments of `waveform`; sound of a single segment is given back as it was, with a warning."""
        samples = max(1, round(self._segment_s * sample_rate_hz))
        segments = [waveform[start : start + samples] for start in range(0, waveform.size, samples)]
        if len(segments) == 1:
            warning = (
                f"{self.name} changed nothing: {waveform.size / sample_rate_hz:.2f} s of sound is a single segment "
                f"of {self._segment_s:g} s"
            )
            return Anonymized(waveform, (warning,))
        order = shuffled(len(segments), chance(self._random_bytes, self._secret, waveform, self._purpose))
        return Anonymized(np.concatenate([segments[index] for index in order]))


def shuffled(count: int, random_bytes: RandomBytes) -> list[int]:
    """Draw one of the `count`! orders, each equally likely (Fisher and Yates; D. Knuth, TAOCP 2, algorithm P)."""
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        chosen = below(last + 1, random_bytes)
        order[last], order[chosen] = order[chosen], order[last]
    return order


def below(limit: int, random_bytes: RandomBytes) -> int:
    """Draw a whole number from 0 up to, not including, `limit`, without bias: what does not fit is drawn again."""
    bits = (limit - 1).bit_length()
    size = max(1, (bits + 7) // 8)
    while True:
        drawn = int.from_bytes(random_bytes(size), "little") >> (8 * size - bits)
        if drawn < limit:
            return drawn
