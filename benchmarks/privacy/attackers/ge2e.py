# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The voice encoder of Resemblyzer 0.1.4 (L. Wan et al., "Generalized end-to-end loss for speaker verification", ICASSP
2018), run in NumPy: three LSTM layers and a linear one, 256 numbers for 1.6 s of sound, averaged over a sound.

Only the weights of that package are used: ``pip install --no-deps resemblyzer==0.1.4``. Neither it nor PyTorch is
imported. Unlike there, silence within a sound is not cut out, and pieces follow each other every 0.8 s.
"""

from __future__ import annotations

import importlib.util
import pickle
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.privacy.attackers.embeddings import Embeddings
from model.tagger import SAMPLE_RATE_HZ, Waveform

FRAMES = 160
STEP = 80
HIDDEN = 256
LAYERS = 3
BANDS = 40
_WINDOW, _HOP = 400, 160
_LEVEL_DBFS = -30.0
_BATCH = 64

Array = NDArray[np.float32]


def weights_file() -> Path | None:
    """Return the installed package's weights, or None where it is not installed."""
    found = importlib.util.find_spec("resemblyzer")
    path = Path(found.origin).parent / "pretrained.pt" if found and found.origin else None
    return path if path and path.is_file() else None


class VoiceEncoder:
    """Reads voices with published weights."""

    kind: Literal["voice"] = "voice"
    name = "voice encoder (GE2E)"

    def __init__(self, weights: Path) -> None:
        tensors = read(weights)
        self._layers = [
            (
                tensors[f"lstm.weight_ih_l{layer}"].T.copy(),
                tensors[f"lstm.weight_hh_l{layer}"].T.copy(),
                tensors[f"lstm.bias_ih_l{layer}"] + tensors[f"lstm.bias_hh_l{layer}"],
            )
            for layer in range(LAYERS)
        ]
        self._linear, self._bias = tensors["linear.weight"].T.copy(), tensors["linear.bias"]
        self._filters = slaney_filters().T.astype(np.float32)

    def embed(self, sounds: Sequence[Waveform]) -> Embeddings:
        """Return float64, shape (sounds, 256), each of length 1."""
        pieces, of = [], []
        for index, sound in enumerate(sounds):
            mine = cut(self._mel(sound))
            pieces += mine
            of += [index] * len(mine)
        stacked = np.stack(pieces)
        read_all = [self._read(stacked[first : first + _BATCH]) for first in range(0, len(stacked), _BATCH)]
        partial = np.concatenate(read_all).astype(np.float64)
        which = np.array(of)
        means = np.stack([partial[which == index].mean(axis=0) for index in range(len(sounds))])
        normal: Embeddings = means / (np.linalg.norm(means, axis=1, keepdims=True) + 1e-12)
        return normal

    def _mel(self, sound: Waveform) -> Array:
        """Return mel powers, shape (frames, 40), as librosa makes them; quiet sound is made louder first."""
        level = 10 * np.log10(float(np.mean(sound.astype(np.float64) ** 2)) + 1e-12)
        louder = sound * np.float32(10 ** (max(0.0, _LEVEL_DBFS - level) / 20))
        padded = np.pad(louder, _WINDOW // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
        window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
        powers = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
        mel: Array = (powers.astype(np.float32) @ self._filters).astype(np.float32)
        return mel

    def _read(self, mels: Array) -> Array:
        """Return shape (b, 256) of mels, shape (b, 160, 40)."""
        steps = mels
        for into, back, bias in self._layers:
            steps = lstm(steps, into, back, bias)
        raw = np.maximum(steps[:, -1] @ self._linear + self._bias, 0)
        normal: Array = raw / (np.linalg.norm(raw, axis=1, keepdims=True) + 1e-12)
        return normal


def cut(mel: Array) -> list[Array]:
    """Cut into pieces of 1.6 s every 0.8 s; the last is kept if at least three quarters of it are sound."""
    starts = [start for start in range(0, len(mel), STEP) if start == 0 or len(mel) - start >= 0.75 * FRAMES]
    pieces = [mel[start : start + FRAMES] for start in starts]
    return [np.pad(piece, ((0, FRAMES - len(piece)), (0, 0))) for piece in pieces]


def lstm(steps: Array, into: Array, back: Array, bias: Array) -> Array:
    """Run one layer (S. Hochreiter, J. Schmidhuber, 1997) in PyTorch's order of gates: input, forget, cell, output."""
    batch, length, _ = steps.shape
    driven = steps @ into + bias
    state: Array = np.zeros((batch, HIDDEN), np.float32)
    cell: Array = np.zeros((batch, HIDDEN), np.float32)
    found = np.empty((batch, length, HIDDEN), np.float32)
    for step in range(length):
        gates = driven[:, step] + state @ back
        opened: Array = np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * gates))  # the sigmoid
        candidate: Array = np.tanh(gates[:, 2 * HIDDEN : 3 * HIDDEN])
        cell = (opened[:, HIDDEN : 2 * HIDDEN] * cell + opened[:, :HIDDEN] * candidate).astype(np.float32)
        state = (opened[:, 3 * HIDDEN :] * np.tanh(cell)).astype(np.float32)
        found[:, step] = state
    return found


def slaney_filters() -> NDArray[np.float64]:
    """Return librosa's mel filters: linear below 1 000 Hz, logarithmic above, each of the same area; (40, 201)."""
    edges = _hertz(np.linspace(0, _mel_of(SAMPLE_RATE_HZ / 2), BANDS + 2))
    bins = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE_HZ)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    filters: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling))
    return filters * (2 / (edges[2:] - edges[:-2]))[:, None]


def _mel_of(hertz: float) -> float:
    return 15 + 27 * float(np.log(hertz / 1000)) / float(np.log(6.4))


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))


def read(path: Path) -> dict[str, Array]:
    """Read a checkpoint in PyTorch's format from before 2020: three pickles, the tensors' places, then their bytes."""
    with path.open("rb") as file:
        for _ in range(3):
            _Places(file).load()
        places = _Places(file).load()["model_state"]
        stored = {}
        for key in _Places(file).load():
            count = int.from_bytes(file.read(8), "little")
            stored[key] = np.frombuffer(file.read(4 * count), "<f4")
    return {
        name: np.lib.stride_tricks.as_strided(stored[key][offset:], size, [4 * one for one in stride]).copy()
        for name, (key, offset, size, stride) in places.items()
        if name.startswith(("lstm.", "linear."))
    }


class _Places(pickle.Unpickler):
    """Reads nothing but where tensors lie: every other class in the file becomes a stand-in that does nothing."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: (storage, offset, size, stride)
        return _StandIn

    def persistent_load(self, place: Any) -> Any:
        return place[2]


class _StandIn(dict[Any, Any]):
    """Takes the place of a class that is not needed."""

    def __init__(self, *_: Any) -> None:
        super().__init__()
