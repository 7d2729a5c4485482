# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.model.slow_network import TABLE_1, answer, eighths, shapes

pytest.importorskip("tensorflow", reason="building the network needs the tensorflow extra")

from model.convert import load_checkpoint
from model.mobilenet import BATCH_NORM_EPSILON, CLASSES, MOBILENET_V3_LARGE, build, round_channels


@pytest.fixture(scope="module")
def mn04_network(request: pytest.FixtureRequest) -> Any:
    """The published network in Keras."""
    return load_checkpoint(request.getfixturevalue("weights") / "mn04_as_mAP_432.pt")


@pytest.fixture(scope="module")
def reference(request: pytest.FixtureRequest) -> Any:
    return np.load(request.getfixturevalue("weights") / "reference.npz")


def learnt(network: Any) -> int:
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def shapes_out(network: Any) -> dict[str, tuple[int | None, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.output.items()}


def test_the_plan_is_table_1_of_the_paper() -> None:
    assert [
        (plan.kernel, plan.expanded, plan.out, plan.excite, "HS" if plan.hard_swish else "RE", plan.stride)
        for plan in MOBILENET_V3_LARGE
    ] == TABLE_1


@pytest.mark.parametrize(
    ("channels", "rounded"),
    [
        (1, 8),
        (6.4, 8),
        (8, 8),
        (11.9, 16),
        (12, 16),
        (16, 16),
        (19.9, 24),
        (20, 24),
        (44.8, 48),
        (73.6, 72),
        (512, 512),
    ],
)
def test_channels_are_rounded_to_eighths_as_the_papers_do(channels: float, rounded: int) -> None:
    assert round_channels(channels) == rounded


def test_rounding_gives_a_multiple_of_8_and_never_loses_more_than_a_tenth() -> None:
    for tenths in range(1, 20_000):
        channels = tenths / 10
        rounded = round_channels(channels)
        assert rounded % 8 == 0
        assert rounded >= max(8, 0.9 * channels)
        assert rounded == eighths(channels)


def test_another_divisor_may_be_asked_for() -> None:
    assert [round_channels(channels, 4) for channels in (1, 5.9, 6, 9)] == [4, 8, 8, 12]


@pytest.mark.parametrize(("width", "parameters"), [(0.4, 983_599), (1.0, 4_876_831)])
def test_a_width_has_its_number_of_learnt_parameters(width: float, parameters: int) -> None:
    assert learnt(build(width)) == parameters


@pytest.mark.parametrize("width", [0.1, 0.5, 1.0])
def test_parameters_are_those_of_the_independent_list(width: float) -> None:
    listed = sum(int(np.prod(shape)) for name, shape in shapes(width) if not name.endswith(("_mean", "_var")))
    assert learnt(build(width)) == listed


def test_a_picture_of_any_length_gives_527_logits_and_the_pooled_features(tiny_network: Any) -> None:
    for frames in (1, 50, 101):
        found = tiny_network(np.zeros((2, frames, 128, 1), np.float32), training=False)
        assert found["logits"].shape == (2, CLASSES) == (2, 527)
        assert found["embedding"].shape == (2, 6 * round_channels(160 * 0.2))


def test_the_number_of_frames_may_be_fixed() -> None:
    network = build(0.1, frames=98)
    assert network.input_shape == (None, 98, 128, 1)
    assert shapes_out(network) == {"logits": (None, 527), "embedding": (None, 96)}


def test_width_1_builds_with_the_embedding_of_mn10() -> None:
    assert shapes_out(build(1.0)) == {"logits": (None, 527), "embedding": (None, 960)}


def test_dropout_acts_in_training_only(tiny_network: Any) -> None:
    picture = np.random.default_rng(0).normal(size=(1, 64, 128, 1)).astype(np.float32)
    first, second = (tiny_network(picture, training=False)["logits"].numpy() for _ in range(2))
    assert np.array_equal(first, second)
    assert tiny_network.get_layer("classifier-4").rate == 0.2
    assert build(0.1, dropout=0.5).get_layer("classifier-4").rate == 0.5


def test_every_batch_norm_has_the_published_epsilon(tiny_network: Any) -> None:
    norms = [layer for layer in tiny_network.layers if type(layer).__name__ == "BatchNormalization"]
    assert len(norms) == sum(name.endswith("running_var") for name, _ in shapes(0.2))
    assert {layer.epsilon for layer in norms} == {BATCH_NORM_EPSILON} == {1e-3}


@pytest.mark.parametrize("frames", [33, 100])
def test_it_answers_as_the_slow_network_written_from_the_papers(
    tiny_network: Any, tiny_tensors: dict[str, NDArray[Any]], frames: int
) -> None:
    picture = np.random.default_rng(frames).normal(0, 0.8, (frames, 128)).astype(np.float32)
    logits, embedding = answer(tiny_tensors, picture.T)
    found = tiny_network(picture[None, :, :, None], training=False)
    assert np.ptp(logits) > 0.5
    assert np.abs(found["logits"].numpy()[0] - logits).max() < 1e-4
    assert np.abs(found["embedding"].numpy()[0] - embedding).max() < 1e-4


def test_the_rows_of_a_batch_do_not_see_each_other(tiny_network: Any, pictures: NDArray[np.float32]) -> None:
    together = tiny_network(pictures[..., None], training=False)["logits"].numpy()
    alone = [tiny_network(picture[None, ..., None], training=False)["logits"].numpy()[0] for picture in pictures]
    assert np.abs(together - alone).max() < 1e-4
    assert np.abs(together[0] - together[1]).max() > 1e-2


def test_the_published_network_has_983_599_parameters(mn04_network: Any) -> None:
    assert learnt(mn04_network) == 983_599


def test_the_published_network_answers_the_reference(mn04_network: Any, reference: Any) -> None:
    found = mn04_network(reference["logmel"].T[None, :, :, None], training=False)
    assert np.abs(found["logits"].numpy()[0] - reference["logits"]).max() < 1e-3
    assert np.abs(found["embedding"].numpy()[0] - reference["embedding"]).max() < 1e-4
