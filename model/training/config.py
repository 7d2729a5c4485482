# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The settings of one training, frozen, as TOML on disk and kept with its result."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CropPlan:
    """How crops are made.

    Attributes
    ----------
    shares
        Shard name to the share of crops whose main sound comes from it.
    late_from
        Progress (0..1) from which `late_lengths`, `late_strength` and `Config.late_label` hold.
    late_strength
        What the probabilities of changing a sound are multiplied with then, 0..1: the last crops are more like what
        will be heard.
    lengths, late_lengths
        Pairs (frames of 10 ms in a crop, share of all frames).
    mix, third, speed, equalise, room, mask
        Probability of a second sound, a third, another speed, a filter, a room, a blanked band.
    gain_db
        Standard deviation of the random gain.
    """

    shares: dict[str, float]
    lengths: tuple[tuple[int, float], ...] = ((200, 1.0),)
    late_lengths: tuple[tuple[int, float], ...] = ((500, 1.0),)
    late_from: float = 0.75
    late_strength: float = 0.5
    mix: float = 0.45
    third: float = 0.1
    speed: float = 0.5
    equalise: float = 0.3
    room: float = 0.2
    mask: float = 0.25
    gain_db: float = 5.0


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that decides what a training does, apart from the sounds and the teacher.

    Attributes
    ----------
    seed
        Of the weights, and with the batch's number of every batch.
    width
        Of the student, as `mobilenet.build`.
    batch_frames
        Frames in a batch; the number of crops follows from their length.
    batches
        How many batches the training has.
    peak_rate, warm_up, cool_down, weight_decay
        AdamW: highest learning rate, shares of the training in which it rises and falls, decoupled weight decay.
    averaged_batches
        Horizon of the exponential moving average of the weights, which is what is exported.
    ranking
        Weight of the divergence of the softmaxes beside the cross-entropy of the sigmoids.
    label
        How far a known label pulls the teacher's probability towards 1, 0..1.
    late_label
        The same from `CropPlan.late_from` on.
    dropout
        Rate before the last layer.
    """

    crops: CropPlan
    seed: int = 1
    width: float = 0.4
    batch_frames: int = 6400
    batches: int = 10_000
    peak_rate: float = 3e-3
    warm_up: float = 0.03
    cool_down: float = 0.35
    weight_decay: float = 1e-2
    averaged_batches: int = 500
    ranking: float = 1.0
    label: float = 0.2
    late_label: float = 0.1
    dropout: float = 0.05


def from_toml(text: str) -> Config:
    """Read a configuration.

    Raises
    ------
    tomllib.TOMLDecodeError, TypeError, KeyError
        Not TOML, an unknown setting, or no shares of crops.
    """
    table = tomllib.loads(text)
    crops = table.pop("crops")
    for name in ("lengths", "late_lengths"):
        if name in crops:
            crops[name] = tuple((int(frames), float(share)) for frames, share in crops[name])
    return Config(CropPlan(**crops), **table)


def to_toml(config: Config) -> str:
    """Write a configuration so that `from_toml` reads the same."""
    table = dataclasses.asdict(config)
    crops = table.pop("crops")
    shares = crops.pop("shares")
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    lines += ["", "[crops]", *(f"{key} = {json.dumps(value)}" for key, value in crops.items())]
    lines += ["", "[crops.shares]", *(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in shares.items())]
    return "\n".join(lines) + "\n"


def load(path: Path) -> Config:
    """Read a configuration file."""
    return from_toml(path.read_text(encoding="utf-8"))
