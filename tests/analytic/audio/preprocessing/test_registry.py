# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What every method keeps to, and how requests ask for them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytic.audio.preprocessing.registry import PREPROCESSORS, Preprocessing, Preprocessor
from analytic.errors import InvalidParameter

RATE_HZ = 16_000
NAMES = ("pre_emphasis", "spectral_gate", "wiener", "wavelet", "adaptive", "loudness")
EACH = [pytest.param(method, id=name) for name, method in PREPROCESSORS.items()]
LENGTHS = (1, 2, 29, 30, 511, 512, 513, 4000, 4001, 6400, 20_000)


def made(kind: str, samples: int) -> NDArray[np.float32]:
    random = np.random.default_rng(samples)
    time_s = np.arange(samples) / RATE_HZ
    sounds = {
        "noise": random.uniform(-1, 1, samples),
        "quiet": random.normal(0, 1e-4, samples),
        "faintest": np.full(samples, 1e-38),
        "square at full scale": np.where(np.sin(2 * np.pi * 50 * time_s) >= 0, 1.0, -1.0),
        "fastest": np.where(np.arange(samples) % 2, 1.0, -1.0),
        "one sample": np.eye(1, samples, samples // 2)[0],
        "constant": np.ones(samples),
        "bang that dies away": random.uniform(-1, 1, samples) * np.exp(-200 * time_s),
        "half silent": np.where(time_s < 0.5 * time_s[-1], 0.0, random.normal(0, 0.1, samples).clip(-1, 1)),
    }
    sound: NDArray[np.float32] = sounds[kind].astype(np.float32)
    return sound


KINDS = (
    "noise",
    "quiet",
    "faintest",
    "square at full scale",
    "fastest",
    "one sample",
    "constant",
    "bang that dies away",
    "half silent",
)


def check(method: Preprocessor, waveform: NDArray[np.float32]) -> None:
    before = waveform.copy()
    found = method(waveform)
    assert (found.shape, found.dtype) == (waveform.shape, np.dtype(np.float32))
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1
    assert np.array_equal(waveform, before), "what is handed in stays as it was"
    assert not np.shares_memory(found, waveform)
    assert np.array_equal(method(waveform), found), "the same sound gets the same answer"


def test_the_methods_are_these_under_their_own_names() -> None:
    assert tuple(PREPROCESSORS) == NAMES
    assert all(method.name == name for name, method in PREPROCESSORS.items())


def test_the_page_on_preprocessing_names_them_all() -> None:
    page = (Path(__file__).parents[4] / "docs" / "preprocessing.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("method", EACH)
def test_a_description_is_one_sentence(method: Preprocessor) -> None:
    assert method.description.endswith(".")
    assert ". " not in method.description


@pytest.mark.parametrize("method", EACH)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("samples", LENGTHS)
def test_float32_goes_in_and_as_much_comes_out_within_the_range(method: Preprocessor, kind: str, samples: int) -> None:
    check(method, made(kind, samples))


@pytest.mark.parametrize("method", EACH)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_any_samples_come_out_within_the_range(method: Preprocessor, data: st.DataObject) -> None:
    samples = data.draw(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=700))
    check(method, np.array(samples, np.float32))


@pytest.mark.parametrize("method", EACH)
@pytest.mark.parametrize("samples", LENGTHS)
def test_digital_silence_stays_silence(method: Preprocessor, samples: int) -> None:
    assert not method(np.zeros(samples, np.float32)).any()


@pytest.mark.parametrize("method", EACH)
def test_sound_that_may_not_be_written_to_is_taken(method: Preprocessor) -> None:
    waveform = made("noise", 5000)
    waveform.setflags(write=False)
    check(method, waveform)


@pytest.mark.parametrize("method", EACH)
def test_ten_seconds_take_50_ms_of_one_core_at_most(method: Preprocessor) -> None:
    """Processor time, and the least of many: other work on the machine does not count."""
    waveform = np.random.default_rng(0).normal(0, 0.1, 10 * RATE_HZ).clip(-1, 1).astype(np.float32)
    method(waveform)
    times_s = []
    for _ in range(10):
        began_s = time.process_time()
        method(waveform)
        times_s.append(time.process_time() - began_s)
    assert min(times_s) <= 0.05


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("  ", ()),
        ([], ()),
        ("loudness", ("loudness",)),
        ("loudness,wiener", ("loudness", "wiener")),
        (" wiener , loudness ", ("wiener", "loudness")),
        (["wiener", "loudness"], ("wiener", "loudness")),
        (("wavelet",), ("wavelet",)),
        (",".join(NAMES), NAMES),
    ],
)
def test_a_chain_is_read_in_the_order_in_which_it_is_given(text: str | Sequence[str], names: tuple[str, ...]) -> None:
    assert Preprocessing.of(text).names == names


@pytest.mark.parametrize(
    "text", ["wiener,wiener", "reverb", "Wiener", "wiener,", ",", "wiener loudness", ["wiener", ""], "none", "\x00"]
)
def test_a_name_that_is_unknown_or_there_twice_is_refused_with_the_known_ones(text: str | Sequence[str]) -> None:
    with pytest.raises(InvalidParameter) as refused:
        Preprocessing.of(text)
    assert refused.value.name == "preprocess"
    assert all(name in refused.value.expected for name in NAMES)
    assert refused.value.found == (text if isinstance(text, str) else ",".join(text))


def test_steps_run_one_after_the_other() -> None:
    waveform = made("noise", 8000)
    loudness, wiener = PREPROCESSORS["loudness"], PREPROCESSORS["wiener"]
    assert np.array_equal(Preprocessing.of("loudness,wiener")(waveform), wiener(loudness(waveform)))
    assert np.array_equal(Preprocessing.of("wiener,loudness")(waveform), loudness(wiener(waveform)))


def test_without_steps_sound_stays_as_it_is() -> None:
    waveform = made("noise", 100)
    assert np.array_equal(Preprocessing()(waveform), waveform)
    assert Preprocessing() == Preprocessing.of("")


def test_any_chain_of_all_keeps_to_the_range() -> None:
    check(Preprocessing.of(NAMES).steps[0], made("noise", 3000))
    found = Preprocessing.of(NAMES)(made("square at full scale", 20_000))
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1
