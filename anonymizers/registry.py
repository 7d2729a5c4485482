# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which anonymisers there are, by the names that requests use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from anonymizers.base import Anonymizer, Identity, RandomBytes, os_random
from anonymizers.laplace_noise import LaplaceNoise
from anonymizers.scramble import SegmentShuffle


def anonymizers(random_bytes: RandomBytes = os_random, segment_s: float = 1.0) -> Mapping[str, Anonymizer]:
    """Make one of each, by name; ``scramble`` and ``scrample`` are the same method."""
    made: tuple[Anonymizer, ...] = (
        Identity(),
        SegmentShuffle("scrample", segment_s, random_bytes),
        SegmentShuffle("scramble", segment_s, random_bytes),
        LaplaceNoise(random_bytes=random_bytes),
    )
    return MappingProxyType({anonymizer.name: anonymizer for anonymizer in made})
