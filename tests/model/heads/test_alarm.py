# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytic.events.classes import ALERT_CLASSES
from model.errors import BadTaggerFile
from model.heads.alarm import AlarmHeads, group_logits, logit, sigmoid
from model.labels import CLASS_COUNT, index_of
from model.store import TaggerStore

HEADS = Path(__file__).parents[3] / "model" / "weights" / "heads"
SHIPPED = ("mn04_as", "hearken_small")


def scores(rows: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(seed).random((rows, CLASS_COUNT), np.float32)


def embeddings(rows: int, seed: int = 1) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(1, 2, (rows, 4)).astype(np.float32)


def test_the_answer_is_what_the_formula_says(heads: AlarmHeads) -> None:
    heard, pooled = scores(3), embeddings(3)
    x = np.clip((pooled - 1) / 2, -4, 4)
    own = np.log(heard / (1 - heard))
    first = x @ [1, -1, 0.5, 0] + 0.5 * own[:, [3, 5]].max(axis=1) - 1
    second = own[:, 500] + 0.25
    expected = 1 / (1 + np.exp(-np.stack([first, second], axis=1)))
    found = heads(heard, pooled)
    assert found.dtype == np.float32
    assert found.shape == (3, 2)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_answers_of_several_windows_are_those_of_each(heads: AlarmHeads) -> None:
    heard, pooled = scores(5), embeddings(5)
    one_by_one = [heads(heard[row : row + 1], pooled[row : row + 1])[0] for row in range(5)]
    np.testing.assert_allclose(heads(heard, pooled), one_by_one, atol=1e-6)


def test_no_windows_are_no_answers(heads: AlarmHeads) -> None:
    assert heads(scores(0), embeddings(0)).shape == (0, 2)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_scores_at_the_edges_and_huge_embeddings_stay_probabilities(heads: AlarmHeads, value: float) -> None:
    found = heads(np.full((1, CLASS_COUNT), value, np.float32), np.full((1, 4), 1e30, np.float32))
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found <= 1).all()


def test_an_embedding_unlike_any_other_counts_no_more_than_four_deviations(heads: AlarmHeads) -> None:
    far, farther = np.full((1, 4), 50.0, np.float32), np.full((1, 4), 5000.0, np.float32)
    np.testing.assert_array_equal(heads(scores(1), far), heads(scores(1), farther))


def test_a_higher_opinion_of_the_tagger_never_lowers_the_answer(heads: AlarmHeads) -> None:
    low = np.full((1, CLASS_COUNT), 0.1, np.float32)
    high = low.copy()
    high[0, [3, 500]] = 0.9
    assert (heads(high, embeddings(1)) > heads(low, embeddings(1))).all()


@pytest.mark.parametrize(("rows", "width"), [(2, 4), (1, 5)])
def test_other_shapes_are_refused(heads: AlarmHeads, rows: int, width: int) -> None:
    with pytest.raises(ValueError, match="heads take scores"):
        heads(scores(1), np.zeros((rows, width), np.float32))


def test_logits_come_back_from_scores() -> None:
    logits = np.linspace(-12, 12, CLASS_COUNT, dtype=np.float32)[None]
    np.testing.assert_allclose(logit(sigmoid(logits)), logits, atol=0.02)


def test_a_group_is_as_loud_as_its_loudest_member() -> None:
    members = np.zeros((2, CLASS_COUNT), np.bool_)
    members[0, [1, 500]] = members[1, 2] = True
    logits = np.arange(2 * CLASS_COUNT, dtype=np.float32).reshape(2, -1)
    np.testing.assert_array_equal(group_logits(logits, members), [[500, 2], [1027, 529]])


def test_what_was_saved_is_loaded(heads: AlarmHeads, tmp_path: Path) -> None:
    heads.save(tmp_path / "heads.npz")
    again = AlarmHeads.load(tmp_path / "heads.npz")
    assert again.classes == heads.classes
    np.testing.assert_array_equal(again(scores(2), embeddings(2)), heads(scores(2), embeddings(2)))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"\x93NUMPY nothing", b"\x80\x04K\x01."])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "heads.npz").write_bytes(content)
    with pytest.raises(BadTaggerFile, match="no alarm heads"):
        AlarmHeads.load(tmp_path / "heads.npz")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTaggerFile, match="no alarm heads"):
        AlarmHeads.load(tmp_path / "heads.npz")


def test_one_array_alone_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "heads.npz").open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(BadTaggerFile, match="no alarm heads"):
        AlarmHeads.load(tmp_path / "heads.npz")


def test_a_file_cut_or_changed_anywhere_is_refused_or_whole(heads: AlarmHeads, tmp_path: Path) -> None:
    heads.save(tmp_path / "heads.npz")
    content = (tmp_path / "heads.npz").read_bytes()
    for place in range(0, len(content), 97):
        for damaged in (content[:place], content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]):
            (tmp_path / "heads.npz").write_bytes(damaged)
            try:
                AlarmHeads.load(tmp_path / "heads.npz")
            except BadTaggerFile:
                continue


BROKEN: dict[str, Any] = {
    "weights": np.zeros((2, 3), np.float32),
    "bias": np.array([0, np.nan], np.float32),
    "raw": np.zeros(2),
    "spread": np.zeros(4, np.float32),
    "centre": np.zeros((4, 1), np.float32),
    "members": np.zeros((2, CLASS_COUNT), np.bool_),
    "classes": np.array([1, 2]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_arrays_that_do_not_fit_are_refused(heads: AlarmHeads, tmp_path: Path, name: str) -> None:
    heads.save(tmp_path / "heads.npz")
    with np.load(tmp_path / "heads.npz") as stored:
        arrays = dict(stored)
    np.savez(tmp_path / "heads.npz", allow_pickle=False, **(arrays | {name: BROKEN[name]}))
    with pytest.raises(BadTaggerFile, match="no alarm heads"):
        AlarmHeads.load(tmp_path / "heads.npz")


def test_two_alarms_of_one_name_are_refused(heads: AlarmHeads) -> None:
    with pytest.raises(ValueError, match="names of their own"):
        replace(heads, classes=("same", "same"))


class TestShipped:
    @pytest.fixture(params=SHIPPED)
    def shipped(self, request: pytest.FixtureRequest) -> AlarmHeads:
        return AlarmHeads.load(HEADS / f"{request.param}.npz")

    def test_they_answer_for_the_alert_classes_of_the_service(self, shipped: AlarmHeads) -> None:
        assert shipped.classes == tuple(alert.name for alert in ALERT_CLASSES)
        for alert, row in zip(ALERT_CLASSES, shipped.members, strict=True):
            assert set(np.flatnonzero(row)) == {index_of(mid) for mid in alert.mids}

    def test_they_are_small(self, shipped: AlarmHeads) -> None:
        assert all((HEADS / f"{name}.npz").stat().st_size < 100_000 for name in SHIPPED)

    def test_a_tagger_that_hears_nothing_raises_no_alarm(self, shipped: AlarmHeads) -> None:
        nothing = np.full((1, CLASS_COUNT), 1e-5, np.float32)
        assert (shipped(nothing, shipped.centre[None]) < 0.2).all()

    def test_their_folder_does_not_look_like_a_tagger_to_the_store(self, nothing_bundled: Path, tmp_path: Path) -> None:
        store = TaggerStore(tmp_path, nothing_bundled)
        assert [tagger.card.name for tagger in store.bundled()] == ["hearken_small"]
        assert list(store.verify()) == [("hearken_small", None)]
