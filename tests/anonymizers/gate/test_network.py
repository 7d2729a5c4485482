# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anonymizers.gate.features import BANDS
from anonymizers.gate.network import BAND_PLACES, SpeechDetector, shipped


def made(filters: int = 2, channels: int = 3, dilations: tuple[int, ...] = (1, 2)) -> SpeechDetector:
    random = np.random.default_rng(1)

    def draw(*shape: int) -> np.ndarray:
        return (0.2 * random.standard_normal(shape)).astype(np.float16).astype(np.float32)

    return SpeechDetector(
        draw(25, filters),
        draw(filters),
        draw(BAND_PLACES * filters, channels),
        draw(channels),
        draw(len(dilations), 3 * channels, channels),
        draw(len(dilations), channels),
        np.array(dilations),
        draw(channels),
        np.array(draw(1)[0]),
    )


def seen(frames: int) -> np.ndarray:
    return np.random.default_rng(2).standard_normal((frames, BANDS)).astype(np.float32)


def by_hand(detector: SpeechDetector, frames: np.ndarray) -> np.ndarray:
    """The same sums, one frame and one place at a time."""
    count = len(frames)

    def at(rows: np.ndarray, index: int) -> np.ndarray:
        return rows[index] if 0 <= index < count else np.zeros_like(rows[0])

    hidden = []
    for frame in range(count):
        around = np.array([at(frames, frame + step) for step in range(-2, 3)])
        filtered = [around[:, 2 * place : 2 * place + 5].ravel() @ detector.filters for place in range(BAND_PLACES)]
        row = np.maximum(np.array(filtered) + detector.filters_bias, 0).ravel() @ detector.mixing + detector.mixing_bias
        hidden.append(np.maximum(row, 0))
    rows = np.array(hidden)
    for weights, bias, dilation in zip(detector.blocks, detector.blocks_bias, detector.dilations, strict=True):
        around = np.array(
            [np.concatenate([at(rows, frame + step * dilation) for step in (-1, 0, 1)]) for frame in range(count)]
        )
        rows = rows + np.maximum(around @ weights + bias, 0)
    return rows @ detector.last + detector.last_bias


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_the_network_is_what_it_says(frames: int) -> None:
    detector = made()
    assert detector.logits(seen(frames)) == pytest.approx(by_hand(detector, seen(frames)), abs=1e-4)


@pytest.mark.parametrize("samples", [1, 256, 4000])
def test_each_frame_gets_a_probability(samples: int) -> None:
    found = made()(np.random.default_rng(3).normal(0, 0.1, samples).astype(np.float32))
    assert found.shape == (-(-samples // 256),)
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()


def test_logits_of_any_size_give_no_warning() -> None:
    found = replace(made(), last_bias=np.array(-1e4, np.float32))(np.zeros(1000, np.float32))
    assert found.tolist() == [0.0] * 4


def test_weights_come_back_as_they_were_saved(tmp_path: Path) -> None:
    made().save(tmp_path / "some.npz")
    found = SpeechDetector.load(tmp_path / "some.npz")
    assert np.array_equal(found.logits(seen(9)), made().logits(seen(9)))


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04broken"])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "some.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"some\.npz holds no speech detector"):
        SpeechDetector.load(tmp_path / "some.npz")


def test_a_file_without_some_of_the_weights_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "some.npz", filters=np.zeros((25, 2)))
    with pytest.raises(ValueError, match="missing 8 required"):
        SpeechDetector.load(tmp_path / "some.npz")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("mixing", np.zeros((3, 3), np.float32), r"mixing has shape \(44, 3\), found \(3, 3\)"),
        ("last", np.full(3, np.nan, np.float32), "last is finite"),
        ("dilations", np.array([0, 1]), "dilations are 1 or more, found 0"),
    ],
)
def test_weights_that_do_not_fit_are_refused(name: str, value: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(made(), **{name: value})


def test_the_detector_that_is_shipped_is_read_once() -> None:
    assert shipped() is shipped()


def test_keras_and_numpy_compute_the_same() -> None:
    pytest.importorskip("keras", reason="fitting needs the tensorflow extra")
    from anonymizers.gate import fit

    model = fit.network(40)
    model.set_weights([weight.astype(np.float16).astype(np.float32) for weight in model.get_weights()])
    expected = np.asarray(model(seen(40)[None]))[0]
    assert fit.detector(model).logits(seen(40)) == pytest.approx(expected, abs=1e-3)
