# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The speech detector: a small convolutional network on log-mel frames, in plain numpy.

Filters of 5 frames x 5 bands, every second band; a mixing layer; blocks h + relu(conv(h)) with 3 taps, whose dilations
double; a sigmoid. It sees about half a second to both sides of a frame. The weights are stored as float16.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anonymizers.base import Waveform
from anonymizers.gate.features import BANDS, features

WEIGHTS = Path(__file__).parent / "speech.npz"

TIME_TAPS, BAND_TAPS, BAND_STEP = 5, 5, 2
TAPS = 3
_BEYOND = 40  # frames: more than the network sees to one side
BAND_PLACES = (BANDS - BAND_TAPS) // BAND_STEP + 1

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class SpeechDetector:
    """The network's weights, all float32; safe to call from several threads at once.

    Attributes
    ----------
    filters, filters_bias
        Shape (5 * 5, f), taps by time and then band; shape (f,).
    mixing, mixing_bias
        Shape (22 * f, c), by place and then filter; shape (c,).
    blocks, blocks_bias
        Shape (b, 3 * c, c), by tap and then channel; shape (b, c).
    dilations
        int64, shape (b,), in frames.
    last, last_bias
        Shape (c,); shape ().

    Raises
    ------
    ValueError
        The shapes do not fit each other, or a weight is not finite.
    """

    filters: Floats
    filters_bias: Floats
    mixing: Floats
    mixing_bias: Floats
    blocks: Floats
    blocks_bias: Floats
    dilations: NDArray[np.int64]
    last: Floats
    last_bias: Floats

    def __post_init__(self) -> None:
        filters, channels, blocks = self.filters_bias.size, self.mixing_bias.size, self.dilations.size
        expected = {
            "filters": (TIME_TAPS * BAND_TAPS, filters),
            "filters_bias": (filters,),
            "mixing": (BAND_PLACES * filters, channels),
            "mixing_bias": (channels,),
            "blocks": (blocks, TAPS * channels, channels),
            "blocks_bias": (blocks, channels),
            "dilations": (blocks,),
            "last": (channels,),
            "last_bias": (),
        }
        for name, shape in expected.items():
            found = getattr(self, name)
            if found.shape != shape:
                raise ValueError(f"the speech detector's {name} has shape {shape}, found {found.shape}")
            if not np.isfinite(found).all():
                raise ValueError(f"the speech detector's {name} is finite, found a value that is not")
        if blocks and self.dilations.min() < 1:
            raise ValueError(f"the speech detector's dilations are 1 or more, found {self.dilations.min()}")

    def __call__(self, waveform: Waveform) -> Floats:
        """Say how likely each frame holds voice-like sound.

        Parameters
        ----------
        waveform
            float32, shape (n,), n >= 1, mono, 16 000 Hz, within -1..1.

        Returns
        -------
        numpy.ndarray
            float32, shape (frame_count(n),), within 0..1.
        """
        # Before and after the sound the network sees a level without anything in it, as between two sounds: where it
        # saw an edge, it missed one word in twenty of recordings that hold a single word.
        seen = np.pad(features(waveform), ((_BEYOND, _BEYOND), (0, 0)))
        return _sigmoid(self.logits(seen)[_BEYOND:-_BEYOND])

    def logits(self, seen: Floats) -> Floats:
        """Do the same from features, float32, shape (frames, 48), without the sigmoid."""
        hidden: Floats = self._filtered(seen) @ self.mixing
        hidden += self.mixing_bias
        np.maximum(hidden, 0.0, out=hidden)
        for weights, bias, dilation in zip(self.blocks, self.blocks_bias, self.dilations, strict=True):
            added = _taps(hidden, int(dilation)) @ weights
            added += bias
            hidden += np.maximum(added, 0.0, out=added)
        found: Floats = hidden @ self.last + self.last_bias
        return found

    def _filtered(self, seen: Floats) -> Floats:
        """Apply the filters: shape (frames, 22 * f)."""
        beside = TIME_TAPS // 2
        padded = np.zeros((len(seen) + 2 * beside, BANDS), np.float32)
        padded[beside : beside + len(seen)] = seen
        places = np.lib.stride_tricks.sliding_window_view(padded, (TIME_TAPS, BAND_TAPS))[:, ::BAND_STEP]
        found = places.reshape(-1, TIME_TAPS * BAND_TAPS) @ self.filters
        found += self.filters_bias
        np.maximum(found, 0.0, out=found)
        filtered: Floats = found.reshape(len(seen), -1)
        return filtered

    def save(self, path: Path) -> None:
        """Write the weights as a compressed .npz, in float16: the file's bytes depend on the weights alone."""
        arrays = {name: np.asarray(getattr(self, name)) for name in self.__dataclass_fields__}
        for name in arrays.keys() - {"dilations"}:
            arrays[name] = arrays[name].astype(np.float16)
        with path.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> SpeechDetector:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            The file is none of ours.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            return cls(
                **{
                    name: array if array.dtype.kind == "i" else array.astype(np.float32)
                    for name, array in arrays.items()
                }
            )
        except (zipfile.BadZipFile, zlib.error, EOFError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name} holds no speech detector: {error}") from error


@cache
def shipped() -> SpeechDetector:
    """Return the detector that comes with the package."""
    return SpeechDetector.load(WEIGHTS)


def _taps(hidden: Floats, dilation: int) -> Floats:
    """Return each frame with the frames `dilation` before and after it, silence beyond: shape (frames, 3 * c)."""
    frames, channels = hidden.shape
    joined = np.zeros((frames, TAPS * channels), np.float32)
    joined[:, channels : 2 * channels] = hidden
    if dilation < frames:
        joined[dilation:, :channels] = hidden[:-dilation]
        joined[:-dilation, 2 * channels :] = hidden[dilation:]
    return joined


def _sigmoid(logit: Floats) -> Floats:
    found: Floats = 0.5 + 0.5 * np.tanh(0.5 * logit)
    return found
