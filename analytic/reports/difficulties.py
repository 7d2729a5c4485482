# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What made a recording hard to hear, in sentences with figures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analytic.reports.report import LevelTrack

LOUD_PERCENTILE = 95.0
"""The loud part: above what is left of it lie single bangs, which say little of the rest."""
QUIET_PERCENTILE = 10.0
"""The quiet part: below it lie the holes that a noise gate or a codec cuts."""
LOW_DBFS = -50.0
"""Sound below this is never a surge (`analytic.events.surges`): about 70 dB SPL on a usual MEMS microphone."""
SILENT_DBFS = -119.0
"""Levels end at -120 dBFS, which is also that of digital silence."""
CLIPPED_SHARE = 0.001
"""16 samples a second: more than one hard click, and less than what is plainly heard as distortion."""
MUCH_AT_ONCE = 4
"""AudioSet's clips bear 2.7 classes on average, so a tagger has seldom learnt from four at once."""
LITTLE_DYNAMIC_DB = 10.0
"""Between the quiet part and the loud one. A surge needs 12 dB, so hardly anything can stand out from less."""
SHORTEST_S = 3.0
"""What is shorter may be all of one sound, and has no quiet part to speak of."""


def difficulties(
    levels: LevelTrack, clipped_share: float, simultaneous: int, noise_floor_dbfs: float | None
) -> tuple[str, ...]:
    """Tell what made it hard to hear; nothing where nothing did.

    Parameters
    ----------
    levels
        How loud it was.
    clipped_share
        Clipped samples over all samples, 0..1.
    simultaneous
        The most classes heard at any one time.
    noise_floor_dbfs
        Level of the noise, where it is known; otherwise the tenth percentile of the levels stands for it.
    """
    return (
        *_of_levels(levels, noise_floor_dbfs),
        *_of_clipping(clipped_share),
        *_of_much_at_once(simultaneous),
    )


def _of_levels(levels: LevelTrack, noise_floor_dbfs: float | None) -> Iterator[str]:
    if not levels.rms_dbfs:
        return
    quiet, loud = (float(one) for one in np.percentile(levels.rms_dbfs, (QUIET_PERCENTILE, LOUD_PERCENTILE)))
    floor = quiet if noise_floor_dbfs is None else noise_floor_dbfs
    if max(levels.rms_dbfs) <= SILENT_DBFS:
        yield "There is no sound in it: the level never rises above -120 dBFS."
    elif loud < LOW_DBFS:
        yield (
            f"The level is low: {LOUD_PERCENTILE:.0f} % of the recording are below {loud:.0f} dBFS, "
            "and what is quiet in it may have been missed."
        )
    elif len(levels.rms_dbfs) * levels.step_s >= SHORTEST_S and loud - floor < LITTLE_DYNAMIC_DB:
        yield (
            f"Little stands out: the loud part, at {loud:.0f} dBFS, is {max(0.0, loud - floor):.0f} dB above the quiet "
            f"part, at {floor:.0f} dBFS; steady noise or sound may have covered the rest."
        )


def _of_clipping(clipped_share: float) -> Iterator[str]:
    if clipped_share > CLIPPED_SHARE:
        yield (
            f"It is clipped: {clipped_share * 100:.2g} % of the samples are cut off at the limit, "
            "and distortion may be taken for other sounds."
        )


def _of_much_at_once(simultaneous: int) -> Iterator[str]:
    if simultaneous >= MUCH_AT_ONCE:
        yield f"Much was heard at once: {simultaneous} classes at the same time, where scores tell less."
