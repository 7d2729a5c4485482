# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import inspect
import os
from collections.abc import MutableMapping
from typing import cast

import numpy as np
import pytest

from anonymizers.base import Anonymizer, Empirical, Formal, Identity, Nothing
from anonymizers.registry import anonymizers

NAMES = ["none", "scrample", "scramble", "dp_noise"]


def test_the_published_names_are_there() -> None:
    assert list(anonymizers()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_is_found_under_the_name_it_speaks_by(name: str) -> None:
    assert anonymizers()[name].name == name


@pytest.mark.parametrize("name", NAMES)
def test_each_keeps_form_length_and_range_and_leaves_its_input_alone(name: str) -> None:
    waveform = np.random.default_rng(1).uniform(-1, 1, 40_000).astype(np.float32)
    before = waveform.copy()
    answer = anonymizers()[name].anonymize(waveform, 16_000).waveform
    assert (answer.shape, answer.dtype) == (waveform.shape, np.dtype(np.float32))
    assert np.abs(answer).max() <= 1.0
    assert np.array_equal(waveform, before)


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_hides_and_what_it_leaks(name: str) -> None:
    anonymizer = anonymizers()[name]
    assert anonymizer.hides.endswith(".")
    assert anonymizer.leaks.endswith(".")


def test_only_the_noise_claims_a_formal_guarantee() -> None:
    kinds = {name: type(anonymizer.guarantee) for name, anonymizer in anonymizers().items()}
    assert kinds == {"none": Nothing, "scrample": Empirical, "scramble": Empirical, "dp_noise": Formal}


@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_borrows_the_word_differential(name: str) -> None:
    anonymizer = anonymizers()[name]
    assert "differential" not in (anonymizer.hides + anonymizer.leaks).lower()


def test_scramble_and_scrample_are_the_same_method() -> None:
    waveform = np.linspace(-1, 1, 100_000, dtype=np.float32)

    def answer(name: str) -> np.ndarray:
        made = anonymizers(np.random.default_rng(3).bytes)
        return made[name].anonymize(waveform, 16_000).waveform

    assert np.array_equal(answer("scramble"), answer("scrample"))


@pytest.mark.parametrize("name", ["scrample", "scramble", "dp_noise"])
def test_the_source_of_randomness_reaches_each_that_draws(name: str) -> None:
    asked: list[int] = []

    def source(count: int) -> bytes:
        asked.append(count)
        return os.urandom(count)

    anonymizers(source)[name].anonymize(np.zeros(50_000, np.float32), 16_000)
    assert asked


def test_the_operating_system_is_the_source_unless_told_otherwise() -> None:
    assert inspect.signature(anonymizers).parameters["random_bytes"].default is os.urandom


def test_the_length_of_a_segment_reaches_the_shuffle() -> None:
    waveform = np.linspace(-1, 1, 16_000, dtype=np.float32)
    assert anonymizers(segment_s=1.0)["scramble"].anonymize(waveform, 16_000).warnings
    assert not anonymizers(segment_s=0.5)["scramble"].anonymize(waveform, 16_000).warnings


def test_the_table_cannot_be_changed() -> None:
    table = cast("MutableMapping[str, Anonymizer]", anonymizers())
    with pytest.raises(TypeError):
        table["none"] = Identity()
