# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import inspect
import os
import time
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from anonymizers.base import Anonymizer, Empirical, Formal, Identity, Nothing
from anonymizers.registry import CHAINS, RECOMMENDED, anonymizers
from benchmarks import report

PUBLISHED = ["none", "scrample", "scramble", "dp_noise"]
NEW = ["granular_shuffle", "reverse_splice", "band_energy", "low_pass", "mcadams"]
NAMES = list(anonymizers())
SECRET = bytes(range(32))
RATE_HZ = 16_000


def test_the_published_names_are_there_and_come_first() -> None:
    assert NAMES[:4] == PUBLISHED
    assert set(NEW) <= set(NAMES)


def test_what_is_listed_beyond_single_methods_is_a_chain_of_the_table() -> None:
    assert [name for name in NAMES if "+" in name] == [name for name in CHAINS if name in anonymizers()]


def test_what_is_recommended_loses_no_alarm_and_leaks_no_more_than_any_other() -> None:
    methods = report.read("privacy")["methods"]
    worst = {name: record["worst"] for name, record in methods.items()}
    mine = worst[RECOMMENDED]
    assert mine["identified"] == min(one["identified"] for one in worst.values()) <= 0.15
    assert mine["pins_found"] == 0
    assert mine["word_error_rate"] >= 0.98
    for tagger, found in methods[RECOMMENDED]["detection"].items():
        assert found["alarm_recall"] >= methods["none"]["detection"][tagger]["alarm_recall"] - 0.01
    assert max(record["cpu_ms_for_10_s"] for record in methods.values()) <= 50


@pytest.mark.parametrize("name", ["dp_noise+scrample", "low_pass+reverse_splice+granular_shuffle"])
def test_chains_of_known_names_are_found_and_not_listed(name: str) -> None:
    table = anonymizers()
    assert name in table
    assert table[name].name == name
    assert name not in list(table)


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
    table = anonymizers()
    kinds = {name: type(table[name].guarantee) for name in PUBLISHED + NEW}
    assert [name for name, kind in kinds.items() if kind is Formal] == ["dp_noise"]
    measured = {name for name, kind in kinds.items() if kind is Empirical}
    assert measured <= {"scrample", "scramble", "speech_gate"}, "what attackers broke claims nothing"
    assert set(kinds.values()) >= {Formal, Nothing}


@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_borrows_the_word_differential(name: str) -> None:
    anonymizer = anonymizers()[name]
    assert "differential" not in (anonymizer.hides + anonymizer.leaks).lower()


def noise(seconds: float = 3.0) -> np.ndarray:
    return np.random.default_rng(5).uniform(-0.5, 0.5, int(seconds * RATE_HZ)).astype(np.float32)


def everywhere(waveform: np.ndarray, _rate_hz: int) -> np.ndarray:
    """Take all sound for speech."""
    return np.ones(waveform.size, bool)


def answer(name: str, secret: bytes = SECRET, waveform: np.ndarray | None = None) -> np.ndarray:
    sound = noise() if waveform is None else waveform
    methods = anonymizers(secret=secret, gate=everywhere)
    return methods[name].anonymize(sound, RATE_HZ).waveform


def test_scramble_and_scrample_are_the_same_method() -> None:
    assert np.array_equal(answer("scramble"), answer("scrample"))


@pytest.mark.parametrize("name", [*PUBLISHED, *NEW, "dp_noise+scrample", "granular_shuffle+band_energy"])
def test_the_same_clip_gets_the_same_answer_with_one_secret_whoever_asks(name: str) -> None:
    table, sound = anonymizers(secret=SECRET, gate=everywhere), noise()
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: table[name].anonymize(sound, RATE_HZ).waveform, range(4)))
    for found in answers:
        assert np.array_equal(found, answer(name))


@pytest.mark.parametrize("name", [name for name in PUBLISHED + NEW if name not in ("none", "low_pass")])
def test_another_secret_gives_another_answer(name: str) -> None:
    sound = noise(10.0)
    assert not np.array_equal(answer(name, waveform=sound), answer(name, bytes(32), sound))


def test_without_a_secret_a_table_draws_one_that_holds_for_it() -> None:
    asked: list[int] = []

    def source(count: int) -> bytes:
        asked.append(count)
        return os.urandom(count)

    table = anonymizers(source)
    first, second = (table["dp_noise"].anonymize(noise(), RATE_HZ).waveform for _ in range(2))
    assert asked == [32]
    assert np.array_equal(first, second)
    assert not np.array_equal(first, anonymizers(source)["dp_noise"].anonymize(noise(), RATE_HZ).waveform)


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="a secret has at least 16 bytes, found 3"):
        anonymizers(secret=b"abc")


def test_the_gate_reaches_the_splice() -> None:
    def silent(waveform: np.ndarray, sample_rate_hz: int) -> np.ndarray:
        return np.zeros(waveform.shape, bool)

    found = anonymizers(gate=silent)["reverse_splice"].anonymize(noise(), RATE_HZ)
    assert np.array_equal(found.waveform, noise())
    assert found.warnings


@pytest.mark.parametrize("name", NEW)
def test_ten_seconds_of_sound_take_well_under_a_second(name: str) -> None:
    table, sound = anonymizers(secret=SECRET), noise(10.0)
    took = []
    for _ in range(3):
        started = time.perf_counter()
        table[name].anonymize(sound, RATE_HZ)
        took.append(time.perf_counter() - started)
    assert min(took) < 0.5


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


def test_the_evidence_of_every_claim_lies_in_the_repository() -> None:
    root = Path(__file__).parents[2]
    named = {one.guarantee.evidence for one in anonymizers().values() if isinstance(one.guarantee, Empirical)}
    assert named
    assert [path for path in sorted(named) if not (root / path).is_file()] == []
