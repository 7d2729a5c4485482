# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Waveform -> log-mel, computed from 16 000 Hz directly.

The published taggers were trained on 32 000 Hz sound: pre-emphasis x[n] - 0.97 x[n-1], STFT of 1024 points with a
window of 800 (symmetric Hann) every 320, centred, power, 128 mel bands from 0 to 15 000 Hz as Kaldi draws them (S.
Young et al., "The HTK Book", 5.6: triangles in mel = 1127 ln(1 + f / 700)), ln(x + 1e-5), (x + 4.5) / 5. Sound of
16 000 Hz is resampled to 32 000 there first, which adds nothing that was not in it. So here the same bins come from
half as many samples, and everything between spectrum and bands is one matrix:

- the STFT has 512 points, window 400, hop 160: the same bins, the same 10 ms;
- pre-emphasis is a gain per bin, |1 - 0.97 exp(-i w)|^2 at 32 000 Hz;
- the resampler that the reference uses (soxr, HQ) is a gain per bin too, and what it leaves above 8 000 Hz is the
  mirror image of what lies below: both are folded into the matrix.

Differences from the reference, measured on its fixed waveform (tests/model/test_frontend.py): median 0.0007, mean
0.005, and at most 0.54 inside, in bands 101 to 104, where the resampler's slope is steep (without its gain: 2.4; loud
sound right below 8 000 Hz can differ by more than 1 there). At the edges the reference mirrors the pre-emphasised
signal and we mirror the waveform: up to 2.2 in the first two frames.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.fft import rfft

from model.tagger import Waveform

MEL_BANDS = 128
HOP_SAMPLES = 160
WINDOW_SAMPLES = 400
FFT_POINTS = 512

_REFERENCE_RATE_HZ = 32_000
_REFERENCE_FFT_POINTS = 1024
_LOWEST_HZ, _HIGHEST_HZ = 0.0, 15_000.0
_PRE_EMPHASIS = 0.97
_FLOOR = 1e-5
_OFFSET, _SCALE = 4.5, 5.0
_BINS = FFT_POINTS // 2 + 1
LOOKAHEAD_SAMPLES = WINDOW_SAMPLES // 2 - HOP_SAMPLES  # what the last frame of a window needs beyond its end

_FRAMES_AT_ONCE = 160  # their spectra stay in a core's second cache: 64 cost a sixth more, 334 a third
_GROUPS = 6  # the banded product as this many small dense ones


def frame_count(samples: int) -> int:
    """Return the number of frames of `samples` samples: one every 10 ms, the first centred on sample 0."""
    return (samples - 1) // HOP_SAMPLES + 1


class _Group(NamedTuple):
    """Neighbouring bands and the bins they draw on: a dense block of the banded matrix."""

    bands: slice
    bins: slice
    weights: NDArray[np.float32]


class LogMel:
    """The front end with its buffers; one object serves one thread at a time."""

    def __init__(self) -> None:
        self._window = _half_rate_hann()
        self._groups = _groups()
        self._silent_from = self._groups[-1].bands.stop
        self._framed = np.zeros((_FRAMES_AT_ONCE, FFT_POINTS), np.float32)
        self._power = np.empty((_FRAMES_AT_ONCE, _BINS), np.float32)
        self._imaginary = np.empty((_FRAMES_AT_ONCE, _BINS), np.float32)

    def __call__(self, waveform: Waveform, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Compute the normalised log-mel.

        Parameters
        ----------
        waveform
            float32, shape (n,), n >= 1, mono, 16 000 Hz, within -1..1.
        out
            Where to write: float32, shape (frame_count(n), 128). By default a new array.

        Returns
        -------
        numpy.ndarray
            `out`: float32, shape (frames, 128), from -1.4 (silence) to about 3 (full scale).
        """
        frames = frame_count(waveform.size)
        if out is None:
            out = np.empty((frames, MEL_BANDS), np.float32)
        done = 0
        for rows in _framed(waveform, frames):
            self.rows(rows, out[done : done + len(rows)])
            done += len(rows)
        return out

    def rows(self, rows: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Compute frames from their samples: float32, shape (k, 400), into `out`, float32, shape (k, 128)."""
        for first in range(0, len(rows), _FRAMES_AT_ONCE):
            self._bands_of(rows[first : first + _FRAMES_AT_ONCE], out[first : first + _FRAMES_AT_ONCE])

    def _bands_of(self, rows: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        count = len(rows)
        framed, power, imaginary = self._framed[:count], self._power[:count], self._imaginary[:count]
        np.multiply(rows, self._window, out=framed[:, :WINDOW_SAMPLES])
        spectrum = rfft(framed, axis=1)
        np.square(spectrum.real, out=power)
        np.square(spectrum.imag, out=imaginary)
        power += imaginary
        for group in self._groups:
            np.matmul(power[:, group.bins], group.weights, out=out[:, group.bands])
        out[:, self._silent_from :] = 0.0
        out += _FLOOR
        np.log(out, out=out)
        out *= 1 / _SCALE
        out += _OFFSET / _SCALE


class LogMelStream:
    """The front end for endless sound: every frame is computed once, however many windows it is part of.

    The frames are those that `LogMel` makes of the whole waveform, except that it mirrors the end, and a stream has
    none: a frame comes out as soon as all its samples are there.

    Parameters
    ----------
    front_end
        What computes; may be shared by streams that are pushed by one thread.
    """

    def __init__(self, front_end: LogMel) -> None:
        self._front_end = front_end
        self._begun = False
        self._held: Waveform = np.empty(0, np.float32)

    def push(self, samples: Waveform) -> NDArray[np.float32]:
        """Take what comes next, float32, shape (n,); return the frames that it completes, float32, shape (k, 128)."""
        held = np.concatenate([self._held, samples])
        half = WINDOW_SAMPLES // 2
        if not self._begun:
            if held.size <= half:
                self._held = held
                return np.empty((0, MEL_BANDS), np.float32)
            held = np.pad(held, (half, 0), "reflect")
            self._begun = True
        count = max(0, (held.size - WINDOW_SAMPLES) // HOP_SAMPLES + 1)
        out = np.empty((count, MEL_BANDS), np.float32)
        if count:
            self._front_end.rows(_every_hop(held, count), out)
        self._held = held[count * HOP_SAMPLES :].copy()
        return out

    def finish(self) -> NDArray[np.float32]:
        """Return the frames that still lack samples, the end mirrored as `LogMel` does: float32, shape (k, 128)."""
        half = WINDOW_SAMPLES // 2
        if not self._begun:
            return self._front_end(self._held) if self._held.size else np.empty((0, MEL_BANDS), np.float32)
        # The first held sample lies half a window before the centre of the next frame.
        count = max(0, (self._held.size - half - 1) // HOP_SAMPLES + 1)
        out = np.empty((count, MEL_BANDS), np.float32)
        if count:
            self._front_end.rows(_every_hop(np.pad(self._held, (0, half), "reflect"), count), out)
        return out


class FrameRing:
    """The newest frames of a stream, in one piece of memory that never grows.

    Parameters
    ----------
    most
        How many frames can be asked for at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._frames = np.empty((2 * most, MEL_BANDS), np.float32)
        self._first = 0  # the number of the frame in row 0
        self._filled = 0

    def extend(self, frames: NDArray[np.float32]) -> None:
        """Add the frames that come next, float32, shape (k, 128); of more than the ring holds the newest stay."""
        if len(frames) > self._most:
            self._first += self._filled + len(frames) - self._most
            self._filled, frames = 0, frames[-self._most :]
        if self._filled + len(frames) > len(self._frames):
            gone = self._filled - self._most
            self._frames[: self._most] = self._frames[gone : self._filled]
            self._first, self._filled = self._first + gone, self._most
        self._frames[self._filled : self._filled + len(frames)] = frames
        self._filled += len(frames)

    def between(self, first: int, stop: int) -> NDArray[np.float32]:
        """Return the frames of these numbers, counted from the stream's first: a view, float32, (stop - first, 128)."""
        if first < self._first or stop > self._first + self._filled:
            kept = f"{self._first}..{self._first + self._filled}"
            raise IndexError(f"frames {first}..{stop} are asked for, {kept} are there")
        return self._frames[first - self._first : stop - self._first]


def _framed(waveform: Waveform, frames: int) -> Iterator[NDArray[np.float32]]:
    """Yield the frames in order, float32, shape (some, 400); those inside are views of the waveform, not copies.

    Frame t is centred on sample 160 t; at both ends the waveform is mirrored, its last sample not repeated.
    """
    half = WINDOW_SAMPLES // 2
    leading = -(-half // HOP_SAMPLES)  # the first frames that begin before the waveform
    inside = (waveform.size - half) // HOP_SAMPLES + 1  # the first frame that ends after it
    if inside <= leading:
        mode: Literal["reflect", "edge"] = "reflect" if waveform.size > 1 else "edge"
        yield _every_hop(np.pad(waveform, (half, half + HOP_SAMPLES), mode), frames)
        return
    head = waveform[: (leading - 1) * HOP_SAMPLES + half]
    yield _every_hop(np.pad(head, (half, 0), "reflect"), leading)
    yield _every_hop(waveform[leading * HOP_SAMPLES - half :], inside - leading)
    if inside < frames:
        tail = waveform[inside * HOP_SAMPLES - half :]
        yield _every_hop(np.pad(tail, (0, half), "reflect"), frames - inside)


def _every_hop(samples: Waveform, count: int) -> NDArray[np.float32]:
    return np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES)[::HOP_SAMPLES][:count]


def _half_rate_hann() -> NDArray[np.float32]:
    """Take every second sample of the reference's symmetric Hann window of 800."""
    window: NDArray[np.float32] = np.hanning(2 * WINDOW_SAMPLES)[::2].astype(np.float32)
    return window


def mel_matrix() -> NDArray[np.float64]:
    """Return what takes power spectra at 16 000 Hz to mel bands: float64, shape (257 bins, 128 bands)."""
    frequency = np.arange(_REFERENCE_FFT_POINTS // 2 + 1) * _REFERENCE_RATE_HZ / _REFERENCE_FFT_POINTS
    edges = np.linspace(_mel(_LOWEST_HZ), _mel(_HIGHEST_HZ), MEL_BANDS + 2)
    mel = _mel(frequency)[:, None]
    rising = (mel - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - mel) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    pre_emphasis = np.abs(1 - _PRE_EMPHASIS * np.exp(-2j * np.pi * frequency / _REFERENCE_RATE_HZ)) ** 2
    full = triangles * (pre_emphasis * _resampler_power())[:, None]
    folded: NDArray[np.float64] = full[:_BINS].copy()
    folded[:-1] += full[: _BINS - 1 : -1]  # the image of bin k lies at bin 512 - k
    return folded


def _mel(frequency: NDArray[np.float64] | float) -> NDArray[np.float64]:
    mel: NDArray[np.float64] = 1127.0 * np.log1p(np.asarray(frequency) / 700.0)
    return mel


def _resampler_power() -> NDArray[np.float64]:
    """Measure |H|^2 of soxr HQ from 16 000 to 32 000 Hz at the 513 bins; 4 where it passes everything."""
    impulse = np.zeros(4 * _REFERENCE_FFT_POINTS)
    impulse[impulse.size // 2] = 1.0
    response = soxr.resample(impulse, 16_000, _REFERENCE_RATE_HZ, quality="HQ")
    every = response.size // _REFERENCE_FFT_POINTS
    power: NDArray[np.float64] = np.abs(np.fft.rfft(response)[::every]) ** 2
    return power


@cache
def _groups() -> tuple[_Group, ...]:
    matrix = mel_matrix()
    matrix[matrix < 1e-9] = 0.0  # stop-band leakage 90 dB down
    heard = int(np.flatnonzero(matrix.any(axis=0))[-1]) + 1
    edges = np.linspace(0, heard, _GROUPS + 1).astype(int)
    groups = []
    for first, last in itertools.pairwise(edges):
        used = np.flatnonzero(matrix[:, first:last].any(axis=1))
        bins = slice(int(used[0]), int(used[-1]) + 1)
        block = np.ascontiguousarray(matrix[bins, first:last], np.float32)
        groups.append(_Group(slice(int(first), int(last)), bins, block))
    return tuple(groups)
