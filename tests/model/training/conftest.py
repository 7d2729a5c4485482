# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A small world to train in: two shards of made-up sounds and a teacher that is one function."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.training import shards
from model.training.config import Config, CropPlan
from model.training.shards import Shard
from model.training.synthesis import medley


class MadeUpTeacher:
    """Logits that hang on the mean of a few bands."""

    def logits(self, log_mel: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        means = log_mel.mean(axis=1)
        logits = np.tile(means, (1, 5))[:, :527] - 4.0
        return logits.astype(np.float32), means


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shard]:
    folder = tmp_path_factory.mktemp("shards")
    random = np.random.default_rng(1)
    short = [(np.full(length, 0.1, np.float32), [3, 1]) for length in (1, 900, 9_000)]
    return {
        "medley": shards.write(folder, "medley", medley.sounds(random, 12)),
        "short": shards.write(folder, "short", short),
    }


@pytest.fixture
def config() -> Config:
    plan = CropPlan(shares={"medley": 0.7, "short": 0.3}, lengths=((50, 1.0),), late_lengths=((100, 1.0),), mask=0.5)
    return Config(plan, width=0.1, batch_frames=400, batches=8)


@pytest.fixture
def teacher() -> MadeUpTeacher:
    return MadeUpTeacher()
