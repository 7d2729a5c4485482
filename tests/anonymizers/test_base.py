# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import os

import numpy as np
import pytest

from anonymizers.base import Anonymized, Anonymizer, Empirical, Formal, Identity, Nothing, os_random


def test_randomness_comes_from_the_operating_system() -> None:
    assert os_random is os.urandom


def test_the_method_none_gives_the_sound_back_as_it_came() -> None:
    waveform = np.linspace(-1, 1, 100, dtype=np.float32)
    before = waveform.copy()
    answer = Identity().anonymize(waveform, 16_000)
    assert answer.waveform is waveform
    assert np.array_equal(waveform, before)
    assert answer.warnings == ()


def test_the_method_none_claims_nothing() -> None:
    anonymizer: Anonymizer = Identity()
    assert anonymizer.name == "none"
    assert anonymizer.guarantee == Nothing()
    assert anonymizer.leaks == "Everything."


@pytest.mark.parametrize(
    ("guarantee", "kind"),
    [(Nothing(), "none"), (Empirical("results.json"), "empirical"), (Formal("noise", "one count", 1.0, 0.0), "formal")],
)
def test_a_guarantee_says_of_which_kind_it_is(guarantee: Nothing | Empirical | Formal, kind: str) -> None:
    assert guarantee.kind == kind


def test_an_answer_carries_no_warning_unless_one_is_given() -> None:
    waveform = np.zeros(3, np.float32)
    assert Anonymized(waveform).warnings == ()
    assert Anonymized(waveform, ("short",)).warnings == ("short",)
