# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The background of a scene: which kind, how loud, looped from clips; and the noise of the microphone itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.scenes.levels import gain
from benchmarks.scenes.pool import Clip, Pool
from benchmarks.scenes.seams import is_steady, looped
from model.tagger import Waveform

MICROPHONE_NOISE = "microphone_noise"  # the background of a pool that has none
MICROPHONE_NOISE_DBFS = -72.0  # a small MEMS microphone: 64 dB SNR re 94 dB SPL at -26 dBFS, heard with some gain
_SHORTEST_S = 2.0
_ENOUGH_S = 5.0  # of one recording; else a minute of it would be one second again and again
_MANY_VOICES = ("television", "music")  # made from several recordings; the others from one


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """A loop of level 0 dBFS, float32, shape (n,), its kind, and the recordings that it was made from."""

    waveform: Waveform
    kind: str
    groups: tuple[str, ...]


def draw_background(
    random: np.random.Generator, pool: Pool, found: Mapping[str, Sequence[Clip]], kind: str, samples: int
) -> Background:
    """Make a background of a kind that is in `found` (`Pool.backgrounds`); unsteady clips only where no other is."""
    clips = [clip for clip in found[kind] if clip.length_s >= _SHORTEST_S] or list(found[kind])
    if kind not in _MANY_VOICES:
        clips = _one_recording(random, clips)
    elif len(clips) > 12:
        clips = [clips[place] for place in sorted(random.choice(len(clips), 12, replace=False))]
    pieces = [(clip, piece) for clip in clips if (piece := pool.audible(clip)).size >= 64]
    steady = [one for one in pieces if is_steady(one[1])] or pieces
    if not steady:
        return Background(microphone_noise(random, samples), MICROPHONE_NOISE, ())
    groups = tuple(sorted({clip.group for clip, _ in steady}))
    return Background(looped(random, [piece for _, piece in steady], samples), kind, groups)


def microphone_noise(random: np.random.Generator, samples: int) -> Waveform:
    """Make noise of level 0 dBFS whose power falls with frequency (white above 1 kHz), float32; it loops seamlessly."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    frequency_hz = np.fft.rfftfreq(samples, 1 / 16_000)
    spectrum *= np.sqrt(1 + 1000.0 / np.maximum(frequency_hz, 20.0))
    noise = np.fft.irfft(spectrum, samples)
    out: Waveform = (noise / np.sqrt(np.mean(np.square(noise)))).astype(np.float32)
    return out


def add_noise(random: np.random.Generator, waveform: Waveform) -> None:
    """Add the microphone's noise in place, so that nothing is ever digitally silent."""
    waveform += gain(MICROPHONE_NOISE_DBFS) * microphone_noise(random, waveform.size)


def weighted(random: np.random.Generator, weights: Mapping[str, float], available: Mapping[str, object]) -> str | None:
    """Draw a kind by its weight among those available; None where none is."""
    kinds = [kind for kind in weights if kind in available]
    if not kinds:
        return None
    shares = np.array([weights[kind] for kind in kinds])
    return kinds[int(random.choice(len(kinds), p=shares / shares.sum()))]


def _one_recording(random: np.random.Generator, clips: list[Clip]) -> list[Clip]:
    groups = sorted({clip.group for clip in clips})
    length_s = {group: sum(clip.length_s for clip in clips if clip.group == group) for group in groups}
    long = [group for group in groups if length_s[group] >= _ENOUGH_S] or groups
    chosen = long[random.integers(len(long))]
    return [clip for clip in clips if clip.group == chosen]
