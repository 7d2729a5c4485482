# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from model.tagger import check_waveform
from model.training.config import Config
from model.training.crops import CropMaker, Teacher
from model.training.shards import Shard


@pytest.fixture
def maker(config: Config, sounds: dict[str, Shard], teacher: Teacher) -> CropMaker:
    return CropMaker(config, sounds, teacher)


def test_a_batch_has_its_shapes(maker: CropMaker) -> None:
    batch = maker.batch(0, 0.0)
    assert batch.log_mel.shape == (8, 50, 128)
    assert batch.teacher.shape == batch.known.shape == (8, 527)
    assert {batch.log_mel.dtype, batch.teacher.dtype, batch.known.dtype} == {np.dtype(np.float32)}
    assert np.isfinite(batch.log_mel).all()
    assert set(np.unique(batch.known)) <= {0.0, 1.0}


def test_late_batches_have_longer_crops(maker: CropMaker) -> None:
    assert maker.batch(6, 0.75).log_mel.shape == (4, 100, 128)


def test_a_batch_hangs_on_its_number_and_the_seed_alone(
    config: Config, sounds: dict[str, Shard], teacher: Teacher, maker: CropMaker
) -> None:
    maker.batch(1, 0.0)
    again = CropMaker(config, sounds, teacher).batch(2, 0.0)
    assert np.array_equal(maker.batch(2, 0.0).log_mel, again.log_mel)
    assert not np.array_equal(maker.batch(3, 0.0).log_mel, again.log_mel)
    reseeded = CropMaker(dataclasses.replace(config, seed=2), sounds, teacher)
    assert not np.array_equal(reseeded.batch(2, 0.0).log_mel, again.log_mel)


@pytest.mark.parametrize("samples", [8_000, 32_000, 100_000])
def test_a_crop_is_a_waveform_of_its_length(maker: CropMaker, samples: int) -> None:
    random = np.random.default_rng(8)
    for _ in range(40):
        waveform, classes = maker.crop(random, samples)
        check_waveform(np.clip(waveform, -1.0, 1.0))
        assert waveform.shape == (samples,)
        assert np.abs(waveform).max() <= 1.0 + 1e-5
        assert all(0 <= index < 527 for index in classes)


def test_the_teacher_hears_the_crop_before_the_mask(config: Config, sounds: dict[str, Shard], teacher: Teacher) -> None:
    always, never = (
        CropMaker(dataclasses.replace(config, crops=dataclasses.replace(config.crops, mask=mask)), sounds, teacher)
        for mask in (1.0, 0.0)
    )
    masked, whole = always.batch(4, 0.0), never.batch(4, 0.0)
    assert np.array_equal(masked.teacher, whole.teacher)
    assert not np.array_equal(masked.log_mel, whole.log_mel)
