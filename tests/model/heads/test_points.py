# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from analytic.events.classes import below
from model.errors import BadTaggerFile
from model.heads import shipped
from model.heads.points import SENSITIVITIES, OperatingPoint, load, off_of

TAGGERS = sorted(path.name.partition(".")[0] for path in shipped.FOLDER.glob("*.points.json"))


@pytest.mark.parametrize("on", [0.01, 0.5, 0.99])
def test_an_event_ends_one_unit_of_log_odds_lower(on: float) -> None:
    off = off_of(on)
    assert math.log(on / (1 - on)) - math.log(off / (1 - off)) == pytest.approx(1.0)


@pytest.mark.parametrize("on", [0.01, 0.5, 0.99])
def test_the_service_reckons_alike(on: float) -> None:
    assert below(on) == pytest.approx(off_of(on)), "model and events do not know each other: this holds them together"


@pytest.mark.parametrize(("on", "off"), [(0.5, 0.6), (0.0, 0.0), (1.1, 0.5), (0.5, 0.0)])
def test_thresholds_out_of_order_are_refused(on: float, off: float) -> None:
    with pytest.raises(ValueError, match="off"):
        OperatingPoint(on, off)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"points": {"fire": {"medium": {"on": 2, "off": 1}}}}'])
def test_a_file_that_holds_no_points_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "points.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadTaggerFile, match="no operating points"):
        load(path)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "points.json"
    path.write_text(json.dumps({"points": {"fire": {"low": {"on": 0.5, "off": 0.25, "recall": 0.1}}}}), "utf-8")
    assert load(path) == {"fire": {"low": OperatingPoint(0.5, 0.25, None, 0.1)}}


def test_both_taggers_ship_with_points() -> None:
    assert TAGGERS == ["hearken_small", "mn04_as"]


@pytest.mark.parametrize("tagger", TAGGERS)
def test_every_word_has_a_point_and_a_more_sensitive_one_is_never_stricter(tagger: str) -> None:
    for name, by_word in load(shipped.FOLDER / f"{tagger}.points.json").items():
        thresholds = [by_word[word].on for word in SENSITIVITIES]
        assert thresholds == sorted(thresholds, reverse=True), name


@pytest.mark.parametrize("tagger", TAGGERS)
def test_no_point_raises_more_false_alarms_than_its_word_allows(tagger: str) -> None:
    path = shipped.FOLDER / f"{tagger}.points.json"
    allowed = json.loads(path.read_text("utf-8"))["allowed_false_alarms_per_household_day"]
    for name, by_word in load(path).items():
        for word, point in by_word.items():
            assert point.false_alarms_per_day is not None, name
            assert point.false_alarms_per_day <= allowed[word], f"{name}, {word}"


@pytest.mark.parametrize("tagger", TAGGERS)
def test_heads_speak_only_for_classes_with_points(tagger: str) -> None:
    found = shipped.shipped(tagger)
    assert found is not None
    assert set(found.heads.classes) == set(found.points)


def test_a_tagger_of_ones_own_has_no_heads() -> None:
    assert shipped.shipped("my_tagger") is None


def test_heads_without_points_are_left_out(tmp_path: Path) -> None:
    heads = shipped.heads_of(TAGGERS[0])
    heads.save(tmp_path / "mine.npz")
    assert shipped.shipped("mine", tmp_path) is None
    some = {"fire": {"medium": {"on": 0.5, "off": 0.3}}}
    (tmp_path / "mine.points.json").write_text(json.dumps({"points": some}), "utf-8")
    found = shipped.shipped("mine", tmp_path)
    assert found is not None
    assert found.heads.classes == ("fire",)
