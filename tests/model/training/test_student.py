# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.errors import BadCheckpoint
from model.training.config import Config
from model.training.crops import CropMaker, Teacher
from model.training.shards import Shard

pytest.importorskip("tensorflow", reason="training needs the tensorflow extra")

from keras import ops

from model.training import export, loss
from model.training.student import Student, rate


def logits(values: list[float]) -> Any:
    return ops.convert_to_tensor([values], "float32")


def test_the_distance_of_equal_logits_is_zero() -> None:
    teacher = logits([2.0, -1.0, -5.0])
    binary, ordered = loss.distance(teacher, loss.targets(teacher, ops.zeros_like(teacher), 0.0), 1.0)
    assert float(binary) == pytest.approx(0.0, abs=1e-5)
    assert float(ordered) == pytest.approx(0.0, abs=1e-5)


def test_a_known_label_pulls_its_target_up_and_no_other() -> None:
    teacher = logits([0.0, 0.0])
    target = loss.targets(teacher, ops.convert_to_tensor([[1.0, 0.0]]), 0.2)
    assert ops.convert_to_numpy(target)[0] == pytest.approx([0.6, 0.5])


def test_a_constant_added_to_all_logits_changes_the_order_not_at_all() -> None:
    teacher = logits([2.0, -1.0, -5.0])
    target = loss.targets(teacher, ops.zeros_like(teacher), 0.0)
    binary, ordered = loss.distance(teacher + 1.0, target, 1.0)
    assert float(ordered) == pytest.approx(0.0, abs=1e-5)
    assert float(binary) > 0.05


def test_the_rate_rises_stays_and_falls(config: Config) -> None:
    planned = dataclasses.replace(config, peak_rate=1.0, warm_up=0.1, cool_down=0.4)
    rates = [rate(planned, progress) for progress in (0.0, 0.05, 0.1, 0.6, 0.8, 1.0)]
    assert rates == pytest.approx([0.01, 0.5, 1.0, 1.0, 0.5, 0.01], abs=2e-3)


def test_a_resumed_training_ends_where_an_unbroken_one_does(
    config: Config, sounds: dict[str, Shard], teacher: Teacher, tmp_path: Path
) -> None:
    maker = CropMaker(config, sounds, teacher)
    unbroken = Student(config, config.batches, compiled=False)
    for number in range(2):
        unbroken.learn(maker.batch(number, 0.0))
    unbroken.save(tmp_path / "checkpoint.npz")
    resumed = Student(dataclasses.replace(config, seed=99), config.batches, compiled=False)
    resumed.restore(tmp_path / "checkpoint.npz")
    assert (resumed.done, resumed.crops) == (2, unbroken.crops)
    for number in range(2, 4):
        batch = maker.batch(number, 0.0)
        assert resumed.learn(batch) == pytest.approx(unbroken.learn(batch), rel=1e-4)
    for found, wanted in zip(resumed.averaged().get_weights(), unbroken.averaged().get_weights(), strict=True):
        assert found == pytest.approx(wanted, abs=1e-4)


def test_a_checkpoint_of_another_width_is_refused(config: Config, tmp_path: Path) -> None:
    Student(config, config.batches).save(tmp_path / "checkpoint.npz")
    other = Student(dataclasses.replace(config, width=0.3), config.batches)
    with pytest.raises(BadCheckpoint):
        other.restore(tmp_path / "checkpoint.npz")


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["float16", "int8"])
def test_an_exported_student_answers_like_its_network(config: Config, weights: str) -> None:
    network = Student(config, config.batches).averaged()
    tagger = export.opened(export.to_litert(network, weights))
    log_mel = np.random.default_rng(1).normal(0, 0.5, (1, 120, 128)).astype(np.float32)
    wanted = network(log_mel[..., None], training=False)
    found = tagger.logits(log_mel)
    assert found[0] == pytest.approx(wanted["logits"].numpy(), abs=0.1)
    assert found[1].shape == wanted["embedding"].shape
