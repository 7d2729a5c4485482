# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Surges: sound that suddenly stands out, whatever it is.

A surge opens where the level stands `threshold_db` above the background, has risen by as much within `attack_s`, and
is loud in itself. It ends when the level has stayed below half the threshold for `release_s`, and is cut at
`longest_s`: what lasts longer is background. While it is open it is judged by the background from before, so no surge
raises the bar that it is measured by. There is one algorithm, `step`; a whole track is one long step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from analytic.events.level import BLOCK_S, Background, Track


@dataclass(frozen=True, slots=True)
class SurgeSettings:
    """What counts as a surge.

    Attributes
    ----------
    threshold_db, minimum_dbfs
        It begins this high above the background, and this loud: about 70 dB SPL on a usual MEMS microphone.
    attack_s, release_s
        The level rises by the threshold within this time; it has ended when it stays low for that long: 1.5 s, in
        which someone who talks mostly goes on.
    shortest_s, longest_s
        Limits of its length. A click fills one block of 0.05 s, so 0.1 s leaves clicks out.
    window_s, percentile, warmup_s
        The background: whole seconds looked back on; which percentile of them, 0..100; how many it needs to begin with.

    Raises
    ------
    ValueError
        A value makes no sense; it is named.
    """

    threshold_db: float = 12.0
    minimum_dbfs: float = -50.0
    attack_s: float = 0.5
    release_s: float = 1.5
    shortest_s: float = 0.1
    longest_s: float = 30.0
    window_s: int = 40
    percentile: float = 30.0
    warmup_s: int = 2

    def __post_init__(self) -> None:
        fits = {
            "threshold_db": self.threshold_db > 0,
            "attack_s": BLOCK_S <= self.attack_s < self.longest_s,
            "release_s": BLOCK_S <= self.release_s < math.inf,
            "shortest_s": BLOCK_S <= self.shortest_s < self.longest_s < math.inf,
            "percentile": 0 <= self.percentile <= 100,
            "warmup_s": 1 <= self.warmup_s <= self.window_s,
        }
        if wrong := [f"{name}={getattr(self, name)}" for name, is_right in fits.items() if not is_right]:
            raise ValueError(f"surge settings make no sense: {', '.join(wrong)}")


DEFAULT = SurgeSettings()


@dataclass(frozen=True, slots=True)
class SurgeStart:
    """A surge that has just become long enough to be one: where it began, and the background before it."""

    onset_s: float
    background_dbfs: float


@dataclass(frozen=True, slots=True)
class Surge:
    """A surge that is over.

    Attributes
    ----------
    onset_s, offset_s
        Its borders, to the block: from the first block of the rise to the last one not below half the threshold.
    peak_s, peak_dbfs
        The middle of its loudest block (of equals the first), and the level of that block.
    background_dbfs, attack_s
        The background before it, and how long the level took to rise by the threshold.
    prominence_db
        How far the peak stands above the higher of the valleys beside it, from `attack_s` before the rise was noticed
        to the end of the release, as in scipy.signal.peak_prominences; 0 where the sound was cut before it fell.
    """

    onset_s: float
    offset_s: float
    peak_s: float
    peak_dbfs: float
    background_dbfs: float
    prominence_db: float
    attack_s: float


@dataclass(frozen=True, slots=True)
class OpenSurge:
    """A surge that is going on; block numbers count from the start of the stream."""

    onset_block: int
    rise_blocks: int
    background_dbfs: float
    peak_block: int
    peak_dbfs: float
    left_dbfs: float
    right_dbfs: float
    quiet_blocks: int = 0
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class SurgeState:
    """All that a stream's past means for its future: fewer than a hundred numbers with the default settings.

    Attributes
    ----------
    start_s, blocks
        The time of the stream's first block, and how many have been heard.
    background, surge
        How loud it usually is; the surge that is going on, if one is.
    recent
        Levels of the last `attack_s`, or since the last surge's offset, dBFS.
    """

    start_s: float = 0.0
    blocks: int = 0
    background: Background = field(default_factory=Background)
    recent: tuple[float, ...] = ()
    surge: OpenSurge | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the state as a dictionary of JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> SurgeState:
        """Return the state that `to_json` stored."""
        surge = OpenSurge(**stored["surge"]) if stored["surge"] else None
        background = Background.from_json(stored["background"])
        return cls(stored["start_s"], stored["blocks"], background, tuple(stored["recent"]), surge)


def step(
    state: SurgeState, levels: Track, settings: SurgeSettings = DEFAULT
) -> tuple[SurgeState, tuple[SurgeStart | Surge, ...]]:
    """Hear the next blocks of a stream, cut as you like; each start is followed by its end, and no surges overlap.

    Parameters
    ----------
    state, settings
        What the last call returned, ``SurgeState(start_s)`` at the start and after a gap; the stream's settings.
    levels
        Shape (b,), finite, dBFS: RMS levels of neighbouring blocks of 50 ms.

    Returns
    -------
    tuple
        The state to go on with, and the surges that started or ended, in order of time.

    Raises
    ------
    ValueError
        The levels have another shape, or are not finite.
    """
    if levels.ndim != 1 or not np.isfinite(levels).all():
        raise ValueError(f"levels have shape (b,) and are finite; found shape {levels.shape}")
    found: list[SurgeStart | Surge] = []
    for level in levels.tolist():
        state, changes = _hear(state, level, settings)
        found.extend(changes)
    return state, tuple(found)


def finish(state: SurgeState) -> Surge | None:
    """Return the surge that the end of a stream cuts short, if one has started."""
    return _ended(state.surge, state.blocks, state.start_s) if state.surge and state.surge.is_told else None


def find_surges(levels: Track, settings: SurgeSettings = DEFAULT, start_s: float = 0.0) -> list[Surge]:
    """Find the surges of a whole track, given its levels as for `step` and the time of its first block."""
    state, changes = step(SurgeState(start_s), levels, settings)
    return [surge for surge in (*changes, finish(state)) if isinstance(surge, Surge)]


def _blocks(seconds: float) -> int:
    return round(seconds / BLOCK_S)


def _hear(state: SurgeState, level: float, settings: SurgeSettings) -> tuple[SurgeState, list[SurgeStart | Surge]]:
    was = state.surge
    surge = _kept(was, state.blocks, level, settings) if was else _opened(state, level, settings)
    background = state.background.heard(level, settings.window_s, settings.percentile, settings.warmup_s)
    blocks = state.blocks + 1
    recent = (*state.recent, level)[-_blocks(settings.attack_s) :]
    changes: list[SurgeStart | Surge] = []
    if surge and not surge.is_told and blocks - surge.quiet_blocks - surge.onset_block >= _blocks(settings.shortest_s):
        surge = replace(surge, is_told=True)
        changes.append(SurgeStart(state.start_s + surge.onset_block * BLOCK_S, surge.background_dbfs))
    is_long = surge is not None and blocks - surge.onset_block >= _blocks(settings.longest_s)
    if surge and (is_long or surge.quiet_blocks >= _blocks(settings.release_s)):
        if surge.is_told:
            changes.append(_ended(surge, blocks, state.start_s))
        # The next rise begins after this offset, so surges cannot overlap.
        recent = recent[max(0, len(recent) - surge.quiet_blocks) :]
        surge = None
    return SurgeState(state.start_s, blocks, background, recent, surge), changes


def _opened(state: SurgeState, level: float, settings: SurgeSettings) -> OpenSurge | None:
    background = state.background.dbfs
    if background is None or level < max(background + settings.threshold_db, settings.minimum_dbfs):
        return None
    low = [index for index, before in enumerate(state.recent) if before <= level - settings.threshold_db]
    if not low:
        return None
    rise = (*state.recent[low[-1] + 1 :], level)
    onset = state.blocks + 1 - len(rise)
    loudest = rise.index(max(rise))
    left, right = min(state.recent), min(rise[loudest:])
    return OpenSurge(onset, len(rise), background, onset + loudest, rise[loudest], left, right)


def _kept(surge: OpenSurge, block: int, level: float, settings: SurgeSettings) -> OpenSurge:
    if level > surge.peak_dbfs:
        left = min(surge.left_dbfs, surge.right_dbfs)
        return replace(surge, peak_block=block, peak_dbfs=level, left_dbfs=left, right_dbfs=level, quiet_blocks=0)
    quiet = surge.quiet_blocks + 1 if level < surge.background_dbfs + settings.threshold_db / 2 else 0
    return replace(surge, right_dbfs=min(surge.right_dbfs, level), quiet_blocks=quiet)


def _ended(surge: OpenSurge, blocks: int, start_s: float) -> Surge:
    return Surge(
        onset_s=start_s + surge.onset_block * BLOCK_S,
        offset_s=start_s + (blocks - surge.quiet_blocks) * BLOCK_S,
        peak_s=start_s + (surge.peak_block + 0.5) * BLOCK_S,
        peak_dbfs=surge.peak_dbfs,
        background_dbfs=surge.background_dbfs,
        prominence_db=surge.peak_dbfs - max(surge.left_dbfs, surge.right_dbfs),
        attack_s=surge.rise_blocks * BLOCK_S,
    )
