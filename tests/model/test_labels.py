# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from model.labels import CLASS_COUNT, Label, find, index_of, labels


def test_there_are_527_classes_in_score_order() -> None:
    assert CLASS_COUNT == 527
    assert [label.index for label in labels()] == list(range(527))


def test_ids_and_names_are_unique_whatever_their_case() -> None:
    keys = [label.mid.casefold() for label in labels()] + [label.name.casefold() for label in labels()]
    assert len(set(keys)) == 2 * 527


def test_ids_have_a_published_form_and_names_no_blanks_around_them() -> None:
    for label in labels():
        assert label.mid.startswith(("/m/", "/t/dd", "/g/"))
        assert label.name == label.name.strip() != ""


def test_seventy_five_names_hold_a_comma() -> None:
    assert sum("," in label.name for label in labels()) == 75


@pytest.mark.parametrize(
    ("index", "mid", "name"),
    [
        (0, "/m/09x0r", "Speech"),
        (399, "/m/01y3hg", "Smoke detector, smoke alarm"),
        (400, "/m/0c3f7m", "Fire alarm"),
        (526, "/m/07hvw1", "Field recording"),
    ],
)
def test_known_classes_are_where_audioset_has_them(index: int, mid: str, name: str) -> None:
    assert labels()[index] == Label(index, mid, name)


def test_every_class_is_found_by_its_id_and_by_its_name() -> None:
    for label in labels():
        assert find(label.mid) is label
        assert find(label.name) is label


@pytest.mark.parametrize("key", ["speech", " Speech ", "SPEECH", "/M/09X0R", "\t/m/09x0r\n"])
def test_case_and_blanks_around_a_key_do_not_matter(key: str) -> None:
    assert find(key) is labels()[0]


@pytest.mark.parametrize("key", ["", " ", "Spee", "/m/", "Speech,", "0", "nan"])
def test_a_key_that_is_no_class_finds_none(key: str) -> None:
    assert find(key) is None


def test_an_id_gives_its_score_index() -> None:
    assert [index_of(label.mid) for label in labels()] == list(range(527))


@pytest.mark.parametrize("mid", ["", "/m/0", "Speech"])
def test_what_is_no_id_of_the_527_has_no_index(mid: str) -> None:
    with pytest.raises(KeyError):
        index_of(mid)


def test_the_table_is_audiosets_own(weights: Path) -> None:
    with (weights / "class_labels_indices.csv").open(encoding="utf-8", newline="") as file:
        rows = [Label(int(row["index"]), row["mid"], row["display_name"]) for row in csv.DictReader(file)]
    assert rows == list(labels())
