# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytic.app import make_extras, make_heads, make_limits, make_pipeline, make_tagger, parts
from analytic.audio.clip import Clip
from analytic.audio.decode import AudioLimits
from analytic.events.types import Source
from analytic.pipeline import Task
from analytic.settings import ModelsSettings, load
from analytic.settings.alerts import AlertSettings
from model.errors import TaggerNotInstalled, UnknownTagger
from model.fake import FakeTagger
from model.heads.points import OperatingPoint
from model.heads.shipped import ShippedHeads


class Store:
    """A models folder with these taggers, which notes what is opened."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, int, int]] = []

    def __call__(self, folder: Path) -> Store:
        return self

    def preferred(self) -> str:
        return "the preferred one"

    def open(self, name: str, *, lanes: int, threads: int) -> FakeTagger:
        self.opened.append((name, lanes, threads))
        return FakeTagger.always({})


class TestTagger:
    @pytest.mark.parametrize(
        ("named", "opened"),
        [("zz", "zz"), ("mn10_as", "mn10_as"), (None, "the preferred one")],
    )
    def test_the_named_one_speaks_else_the_one_that_the_store_prefers(
        self, monkeypatch: pytest.MonkeyPatch, named: str | None, opened: str
    ) -> None:
        store = Store()
        monkeypatch.setattr(parts, "TaggerStore", store)
        make_tagger(ModelsSettings(tagger=named, lanes=3, threads=4))
        assert store.opened == [(opened, 3, 4)]

    def test_an_empty_folder_says_which_one_is_missing_and_how_to_have_it(self, tmp_path: Path) -> None:
        with pytest.raises(TaggerNotInstalled, match="hearken model fetch mn04_as"):
            make_tagger(ModelsSettings(dir=tmp_path))

    def test_a_name_that_nobody_knows_is_unknown(self, tmp_path: Path) -> None:
        with pytest.raises(UnknownTagger, match="mn04_as"):
            make_tagger(ModelsSettings(dir=tmp_path, tagger="yamnet"))

    def test_a_real_one_speaks(self, models_dir: Path, noise: Any) -> None:
        tagger = make_tagger(ModelsSettings(dir=models_dir))
        assert tagger.card.name == "mn04_as"
        assert tagger.tag(noise).scores.shape == (1, 527)


class TestHeads:
    class Heads:
        """Heads that hear fire everywhere."""

        classes = ("fire",)

        def __call__(self, scores: Any, embeddings: Any) -> Any:
            return np.full((len(scores), 1), 0.75, np.float32)

    def test_a_tagger_of_ones_own_has_none(self) -> None:
        assert make_heads("fake") is None

    @pytest.mark.parametrize(("sensitivity", "alerts"), [("medium", 1), ("low", 0)])
    def test_those_of_the_tagger_speak_with_their_operating_points(
        self, monkeypatch: pytest.MonkeyPatch, sensitivity: str, alerts: int
    ) -> None:
        points = {"fire": {"medium": OperatingPoint(0.7, 0.5), "low": OperatingPoint(0.8, 0.5)}}
        monkeypatch.setattr(parts, "shipped", lambda _name: ShippedHeads(self.Heads(), points))  # type: ignore[arg-type]
        clip, of_source = Clip(np.ones(16_000, np.float32)), Task(source=Source("hall"))
        settings = load(alerts={"enabled": ["fire"], "sensitivity": sensitivity, "upload_sensitivity": "low"})
        pipeline = make_pipeline(settings, FakeTagger.always({"Fire": 0.001}))
        assert len(pipeline.analyse(clip, of_source).alerts) == alerts
        assert pipeline.analyse(clip).alerts == (), "an upload of no source has a sensitivity of its own"


def test_the_limits_of_sound_are_those_of_the_settings() -> None:
    audio = {"max_duration_s": 5, "max_channels": 2, "min_sample_rate_hz": 16_000, "max_sample_rate_hz": 48_000}
    assert make_limits(load(audio=audio).audio) == AudioLimits(5, 2, 16_000, 48_000)


def test_a_class_that_is_named_twice_alarms_once() -> None:
    settings = load(alerts={"enabled": ["fire", "fire"]})
    pipeline = make_pipeline(settings, FakeTagger.always({"Fire": 0.9}))
    assert len(pipeline.analyse(Clip(np.ones(16_000, np.float32))).alerts) == 1


class TestExtras:
    def test_surges_are_off_unless_named(self) -> None:
        assert make_extras(AlertSettings()).surge is None
        assert make_extras(AlertSettings(enabled=("fire",))).surge is None

    def test_their_rule_and_height_are_those_of_the_settings(self) -> None:
        extras = make_extras(AlertSettings(enabled=("surge",), surge_db=20.0, rules={"surge": {"severity": "warning"}}))
        assert extras.surge is not None
        assert (extras.surge.name, extras.surge.severity) == ("surge", "warning")
        assert extras.surge_settings.threshold_db == 20.0

    def test_unusual_sound_is_told_where_a_mode_has_it(self, tmp_path: Path) -> None:
        habits = parts.make_habits(load(listen={"state_dir": tmp_path}), FakeTagger.always({}).card)
        assert make_extras(AlertSettings(), habits).unusual is None
        assert make_extras(AlertSettings(enabled=("unusual",)), habits).unusual is habits
        modes = load(alerts={"modes": {"away": {"enabled": ["unusual"]}}}).alerts
        assert make_extras(modes, habits).unusual is habits

    def test_by_default_they_are_a_notice(self) -> None:
        surge = make_extras(AlertSettings(enabled=("surge",))).surge
        assert surge is not None
        assert surge.severity == "notice"
