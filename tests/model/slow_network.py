# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The tagging network once more, slowly: NumPy, the checkpoint's names and layout, straight from the papers' table.

Pictures are (channels, frequency, time), as in the published checkpoints; kernels (out, in, frequency, time).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[Any]]
Picture = NDArray[np.float64]

# A. Howard et al., "Searching for MobileNetV3", Table 1: kernel, expanded, out, excited, activation, stride.
TABLE_1 = [
    (3, 16, 16, False, "RE", 1),
    (3, 64, 24, False, "RE", 2),
    (3, 72, 24, False, "RE", 1),
    (5, 72, 40, True, "RE", 2),
    (5, 120, 40, True, "RE", 1),
    (5, 120, 40, True, "RE", 1),
    (3, 240, 80, False, "HS", 2),
    (3, 200, 80, False, "HS", 1),
    (3, 184, 80, False, "HS", 1),
    (3, 184, 80, False, "HS", 1),
    (3, 480, 112, True, "HS", 1),
    (3, 672, 112, True, "HS", 1),
    (5, 672, 160, True, "HS", 2),
    (5, 960, 160, True, "HS", 1),
    (5, 960, 160, True, "HS", 1),
]


def eighths(channels: float) -> int:
    """Return the nearest multiple of 8 (at least 8), or the next one where that loses more than a tenth."""
    candidates = [multiple for multiple in range(8, int(channels) + 17, 8) if multiple >= 0.9 * channels]
    return min(candidates, key=lambda multiple: (abs(multiple - channels), -multiple))


def shapes(width: float) -> Iterator[tuple[str, tuple[int, ...]]]:
    """List the tensors of a checkpoint of this width, without the counters of the batch norms."""

    def convolution(name: str, out: int, into: int, kernel: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}.0.weight", (out, into, kernel, kernel)
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"{name}.1.{part}", (out,)

    channels = eighths(16 * width)
    yield from convolution("features.0", channels, 1, 3)
    for index, (kernel, expanded, out, excited, _, _) in enumerate(TABLE_1, start=1):
        steps = iter(range(4))
        inner, outer = eighths(expanded * width), eighths(out * width)
        block = f"features.{index}.block"
        if inner != channels:
            yield from convolution(f"{block}.{next(steps)}", inner, channels, 1)
        yield from convolution(f"{block}.{next(steps)}", inner, 1, kernel)
        if excited:
            gate, squeezed = f"{block}.{next(steps)}.conc_se_layers.0", eighths(inner // 4)
            yield from ((f"{gate}.fc1.weight", (squeezed, inner)), (f"{gate}.fc1.bias", (squeezed,)))
            yield from ((f"{gate}.fc2.weight", (inner, squeezed)), (f"{gate}.fc2.bias", (inner,)))
        yield from convolution(f"{block}.{next(steps)}", outer, inner, 1)
        channels = outer
    yield from convolution("features.16", 6 * channels, channels, 1)
    hidden = eighths(1280 * width)
    yield from (("classifier.2.weight", (hidden, 6 * channels)), ("classifier.2.bias", (hidden,)))
    yield from (("classifier.5.weight", (527, hidden)), ("classifier.5.bias", (527,)))


def random_tensors(width: float, seed: int) -> dict[str, NDArray[Any]]:
    """Make a checkpoint's tensors up, so that answers hang on the input and stay within some units."""
    rng = np.random.default_rng(seed)

    def made(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        if len(shape) > 1:
            return rng.normal(0, np.sqrt(1.3 / np.prod(shape[1:])), shape).astype(np.float32)
        low, high = (0.5, 1.5) if name.endswith(("1.weight", "running_var")) else (-0.1, 0.1)
        return rng.uniform(low, high, shape).astype(np.float32)

    return {name: made(name, shape) for name, shape in shapes(width)}


def answer(tensors: Tensors, log_mel: NDArray[np.float32]) -> tuple[Picture, Picture]:
    """Compute logits (527,) and the embedding for a log-mel of shape (128 bands, frames)."""
    x = _convolved(tensors, log_mel[None].astype(np.float64), "features.0", 2, _hard_swish)
    for index, (_, _, _, excited, activation, stride) in enumerate(TABLE_1, start=1):
        x = _block(tensors, x, f"features.{index}.block", excited, _hard_swish if activation == "HS" else _relu, stride)
    embedding = _convolved(tensors, x, "features.16", 1, _hard_swish).mean(axis=(1, 2))
    hidden = _hard_swish(_linear(tensors, embedding, "classifier.2"))
    return _linear(tensors, hidden, "classifier.5"), embedding


def _block(
    tensors: Tensors, entry: Picture, name: str, excited: bool, activation: Callable[[Picture], Picture], stride: int
) -> Picture:
    step, x = 0, entry
    if tensors[f"{name}.0.0.weight"].shape[1:] == (len(entry), 1, 1):
        x = _convolved(tensors, x, f"{name}.0", 1, activation)
        step = 1
    x = _convolved(tensors, x, f"{name}.{step}", stride, activation)
    if excited:
        gate = f"{name}.{step + 1}.conc_se_layers.0"
        opened = _linear(tensors, _relu(_linear(tensors, x.mean(axis=(1, 2)), f"{gate}.fc1")), f"{gate}.fc2")
        x = x / (1 + np.exp(-opened))[:, None, None]
        step += 1
    x = _convolved(tensors, x, f"{name}.{step + 1}", 1, lambda picture: picture)
    return x + entry if x.shape == entry.shape and stride == 1 else x


def _convolved(
    tensors: Tensors, x: Picture, name: str, stride: int, activation: Callable[[Picture], Picture]
) -> Picture:
    kernel = tensors[f"{name}.0.weight"].astype(np.float64)
    size = kernel.shape[-1]
    edge = size // 2
    padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    if kernel.shape[1] == 1 and len(kernel) == len(x):
        x = np.einsum("cftij,cij->cft", seen, kernel[:, 0])
    else:
        x = np.tensordot(kernel, seen, axes=([1, 2, 3], [0, 3, 4]))
    scale, shift, mean, variance = (
        tensors[f"{name}.1.{part}"].astype(np.float64)[:, None, None]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return activation((x - mean) / np.sqrt(variance + 1e-3) * scale + shift)


def _linear(tensors: Tensors, x: Picture, name: str) -> Picture:
    product: Picture = tensors[f"{name}.weight"].astype(np.float64) @ x + tensors[f"{name}.bias"]
    return product


def _relu(x: Picture) -> Picture:
    return np.maximum(x, 0)


def _hard_swish(x: Picture) -> Picture:
    return x * np.clip(x + 3, 0, 6) / 6
