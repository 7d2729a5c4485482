# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import BadCheckpoint
from model.litert import LiteRtTagger
from model.store import Installed
from model.tagger import top
from tests.model.slow_network import answer, random_tensors, shapes
from tests.model.torchfile import save

pytest.importorskip("tensorflow", reason="turning a checkpoint into LiteRT needs the tensorflow extra")

import tensorflow as tf

from model import convert, mobilenet

Tensors = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def mn04_network(request: pytest.FixtureRequest) -> Any:
    return convert.load_checkpoint(request.getfixturevalue("weights") / "mn04_as_mAP_432.pt")


@pytest.fixture(scope="module")
def reference(request: pytest.FixtureRequest) -> Any:
    return np.load(request.getfixturevalue("weights") / "reference.npz")


@pytest.mark.parametrize("width", [0.1, 0.2, 0.4, 0.5, 1.0, 2.0, 4.0])
def test_the_width_is_found_in_the_checkpoint(width: float) -> None:
    tensors = {name: np.zeros(shape, np.float32) for name, shape in shapes(width) if name.startswith("features.")}
    assert convert.width_of(tensors) == width


def test_channels_of_no_width_are_refused() -> None:
    tensors = {"features.0.0.weight": np.zeros((8, 1, 3, 3)), "features.16.0.weight": np.zeros((100, 16, 1, 1))}
    with pytest.raises(ValueError, match="no width multiplier gives 8 stem and 100 last channels"):
        convert.width_of(tensors)


def test_a_checkpoint_fills_the_network_at_its_own_width(
    tmp_path: Path, tiny_tensors: Tensors, tiny_network: Any
) -> None:
    path = save(tmp_path / "tiny.pt", tiny_tensors)
    loaded = convert.load_checkpoint(path)
    assert len(loaded.layers) == len(tiny_network.layers)
    for found, wanted in zip(loaded.weights, tiny_network.weights, strict=True):
        assert np.array_equal(found.numpy(), wanted.numpy())


def test_every_number_of_a_checkpoint_lands_in_the_network_once() -> None:
    names = dict(shapes(0.1))
    ends = np.cumsum([int(np.prod(shape)) for shape in names.values()])
    counted = np.arange(ends[-1], dtype=np.float32)
    pieces = np.split(counted, ends[:-1])
    network = mobilenet.build(0.1)
    convert.fill(
        network, {name: piece.reshape(shape) for (name, shape), piece in zip(names.items(), pieces, strict=True)}
    )
    landed = np.concatenate([variable.numpy().ravel() for variable in network.weights])
    assert np.array_equal(np.sort(landed), counted)


def test_the_counters_of_the_batch_norms_are_left_out(tiny_tensors: Tensors) -> None:
    counters = {"features.0.1.num_batches_tracked": np.array(7, "<i8")}
    convert.fill(mobilenet.build(0.2), tiny_tensors | counters)


def test_the_number_of_frames_may_be_fixed(tmp_path: Path, tiny_tensors: Tensors) -> None:
    assert convert.load_checkpoint(save(tmp_path / "tiny.pt", tiny_tensors), frames=98).input_shape[1] == 98


def without(name: str) -> Tensors:
    return {other: tensor for other, tensor in random_tensors(0.1, seed=1).items() if other != name}


def reason(path: Path) -> str:
    with pytest.raises(BadCheckpoint) as error:
        convert.load_checkpoint(path)
    assert error.value.path == str(path)
    return error.value.reason


@pytest.mark.parametrize("name", ["classifier.5.bias", "features.9.block.1.1.running_mean"])
def test_a_missing_tensor_is_named(tmp_path: Path, name: str) -> None:
    assert f"the checkpoint has no tensor {name}" in reason(save(tmp_path / "a.pt", without(name)))


@pytest.mark.parametrize("name", ["classifier.5.bias", "features.0.0.weight", "features.16.0.weight"])
def test_a_missing_tensor_gives_a_plain_sentence(tmp_path: Path, name: str) -> None:
    assert reason(save(tmp_path / "a.pt", without(name))) == f"the checkpoint has no tensor {name}"


def test_a_tensor_left_over_is_named(tmp_path: Path) -> None:
    tensors = random_tensors(0.1, seed=1) | {"extra.weight": np.zeros(3, np.float32)}
    assert reason(save(tmp_path / "a.pt", tensors)) == (
        "1 tensors have no place in the network, the first is extra.weight"
    )


@pytest.mark.parametrize("name", ["classifier.2.weight", "features.5.block.2.conc_se_layers.0.fc1.weight"])
def test_a_tensor_of_another_shape_is_named(tmp_path: Path, name: str) -> None:
    tensors = random_tensors(0.1, seed=1)
    tensors[name] = tensors[name][:, :-1]
    assert reason(save(tmp_path / "a.pt", tensors)).startswith(f"{name} has shape ")


def test_a_transposed_tensor_of_the_same_size_is_not_taken_for_the_right_one(tmp_path: Path) -> None:
    tensors = random_tensors(0.1, seed=1)
    tensors["classifier.2.weight"] = np.ascontiguousarray(tensors["classifier.2.weight"].T)
    assert reason(save(tmp_path / "a.pt", tensors)).startswith("classifier.2.weight has shape ")


def test_an_empty_checkpoint_is_refused(tmp_path: Path) -> None:
    assert reason(save(tmp_path / "a.pt", {}))


def test_the_converted_network_answers_as_keras_does(
    tiny_network: Any, tiny: LiteRtTagger, pictures: NDArray[np.float32]
) -> None:
    wanted = tiny_network(pictures[..., None], training=False)
    logits, embedding = tiny.logits(pictures)
    assert np.abs(logits - wanted["logits"].numpy()).max() < 1e-4
    assert np.abs(embedding - wanted["embedding"].numpy()).max() < 1e-4


@pytest.mark.parametrize(("batch", "frames"), [(1, 1), (1, 50), (5, 225), (2, 1000)])
def test_one_file_serves_any_batch_and_any_number_of_frames(
    tiny_network: Any, tiny: LiteRtTagger, batch: int, frames: int
) -> None:
    picture = np.random.default_rng(frames).normal(0, 0.8, (batch, frames, 128)).astype(np.float32)
    wanted = tiny_network(picture[..., None], training=False)["logits"].numpy()
    assert np.abs(tiny.logits(picture)[0] - wanted).max() < 1e-4


def test_the_converted_network_answers_as_the_slow_one(tiny: LiteRtTagger, tiny_tensors: Tensors) -> None:
    picture = np.random.default_rng(8).normal(0, 0.8, (64, 128)).astype(np.float32)
    logits, embedding = answer(tiny_tensors, picture.T)
    found = tiny.logits(picture[None])
    assert np.abs(found[0][0] - logits).max() < 1e-4
    assert np.abs(found[1][0] - embedding).max() < 1e-4


def test_a_conversion_that_changes_the_answers_is_refused(
    tiny_flatbuffer: bytes, tiny_network: Any, tiny_tensors: Tensors, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Converter:
        @classmethod
        def from_keras_model(cls, network: Any) -> Converter:
            return cls()

        def convert(self) -> bytes:
            return tiny_flatbuffer

    monkeypatch.setattr(tf.lite, "TFLiteConverter", Converter)
    assert convert.to_litert(tiny_network) == tiny_flatbuffer
    other = mobilenet.build(0.2)
    convert.fill(other, tiny_tensors | {"classifier.5.bias": tiny_tensors["classifier.5.bias"] + np.float32(0.01)})
    with pytest.raises(ArithmeticError, match=r"the converted network differs by 0\.01"):
        convert.to_litert(other)


def test_the_command_writes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_tensors: Tensors) -> None:
    monkeypatch.setattr(convert, "to_litert", lambda network: f"{network.name}".encode())
    out = tmp_path / "out.tflite"
    assert convert.main(str(save(tmp_path / "tiny.pt", tiny_tensors)), str(out)) == 0
    assert out.read_bytes() == b"mobilenet_v3_w0.2"


def test_the_command_says_in_one_line_why_it_cannot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.pt"
    path.write_bytes(b"no checkpoint")
    assert convert.main(str(path), str(tmp_path / "out.tflite")) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"cannot use the checkpoint {path}: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "out.tflite").exists()


def test_a_published_checkpoint_has_the_tensors_of_the_independent_list(weights: Path) -> None:
    from model.checkpoint import read_checkpoint

    found = read_checkpoint(weights / "mn04_as_mAP_432.pt")
    sizes = {name: tensor.size for name, tensor in found.items() if not name.endswith("num_batches_tracked")}
    assert sizes == {name: int(np.prod(shape)) for name, shape in shapes(0.4)}
    assert convert.width_of(found) == 0.4


def test_the_slow_network_answers_the_reference_so_it_may_judge_ours(weights: Path, reference: Any) -> None:
    from model.checkpoint import read_checkpoint

    tensors = read_checkpoint(weights / "mn04_as_mAP_432.pt")
    logits, embedding = answer(tensors, reference["logmel"])
    assert np.abs(logits - reference["logits"]).max() < 1e-3
    assert np.abs(embedding - reference["embedding"]).max() < 1e-4


def test_the_published_tagger_in_litert_answers_the_reference_and_keras(
    mn04: Installed, mn04_network: Any, reference: Any
) -> None:
    log_mel = np.ascontiguousarray(reference["logmel"].T[None])
    logits, embedding = LiteRtTagger.open(mn04.path, mn04.card, lanes=1).logits(log_mel)
    keras = mn04_network(log_mel[..., None], training=False)
    assert np.abs(logits[0] - reference["logits"]).max() < 1e-3
    assert np.abs(embedding[0] - reference["embedding"]).max() < 1e-4
    assert np.abs(logits - keras["logits"].numpy()).max() < 1e-4
    assert np.abs(embedding - keras["embedding"].numpy()).max() < 1e-4


def test_the_reference_waveform_has_the_same_top_classes_from_16_khz(mn04: Installed, reference: Any) -> None:
    waveform = (reference["waveform_int16_16k"] / 32768).astype(np.float32)
    scores = LiteRtTagger.open(mn04.path, mn04.card, lanes=1).tag(waveform).scores[0]
    wanted = 1 / (1 + np.exp(-reference["logits"]))
    assert top(scores) == top(wanted)
    assert np.abs(scores - wanted).max() < 0.03
