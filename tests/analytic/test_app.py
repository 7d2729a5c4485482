# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from websockets.sync.client import connect

from analytic import app
from analytic.app import Service, make_limits, make_pipeline, make_policy, make_tagger
from analytic.audio.clip import Clip
from analytic.audio.decode import AudioLimits
from analytic.errors import BadSettings
from analytic.events.classes import ALERT_CLASSES
from analytic.settings import AlertSettings, ModelsSettings, Settings, load
from model.errors import TaggerNotInstalled, UnknownTagger
from model.fake import FakeTagger


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
        monkeypatch.setattr(app, "TaggerStore", store)
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


class TestPolicy:
    def test_by_default_the_classes_of_the_table_that_are_on_are_on(self) -> None:
        policy = make_policy(AlertSettings(), "mn04_as")
        assert list(policy.classes) == [alert for alert in ALERT_CLASSES if alert.enabled]

    def test_the_settings_choose_classes_and_thresholds(self) -> None:
        policy = make_policy(AlertSettings(enabled=("siren", "fire"), thresholds={"fire": 0.5}), "mn04_as")
        table = {alert.name: alert for alert in ALERT_CLASSES}
        assert [(alert.name, alert.threshold) for alert in policy.classes] == [
            ("siren", table["siren"].threshold),
            ("fire", 0.5),
        ]
        assert [alert.mids for alert in policy.classes] == [table["siren"].mids, table["fire"].mids]

    def test_a_threshold_turns_no_class_on(self) -> None:
        names = [alert.name for alert in make_policy(AlertSettings(thresholds={"siren": 0.5}), "mn04_as").classes]
        assert "siren" not in names

    def test_none_may_be_on(self) -> None:
        assert make_policy(AlertSettings(enabled=()), "mn04_as").classes == ()

    @pytest.mark.parametrize("wrong", [{"enabled": ("fier",)}, {"thresholds": {"fier": 0.5}}])
    def test_an_unknown_class_is_refused_by_name(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(BadSettings, match=r"alerts: .*'fier'; known: glass_break, scream"):
            make_policy(AlertSettings(**wrong), "mn04_as")

    def test_a_class_that_is_named_twice_alarms_once(self) -> None:
        settings = load(alerts={"enabled": ["fire", "fire"]})
        pipeline = make_pipeline(settings, FakeTagger.always({"Fire": 0.9}))
        assert len(pipeline.analyse(Clip(np.ones(16_000, np.float32))).alerts) == 1


def test_the_limits_of_sound_are_those_of_the_settings() -> None:
    audio = {"max_duration_s": 5, "max_channels": 2, "min_sample_rate_hz": 16_000, "max_sample_rate_hz": 48_000}
    assert make_limits(load(audio=audio).audio) == AudioLimits(5, 2, 16_000, 48_000)


def sockets() -> int:
    return len(psutil.Process().net_connections())


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


class TestService:
    def test_it_answers_on_both_addresses(self, service: Service) -> None:
        with urllib.request.urlopen(f"{service.http_url}/readyz", timeout=10) as answer:
            assert json.load(answer) == {"status": "ok"}
        with connect(service.bus_url, open_timeout=10):
            pass
        assert service.http_url.startswith("http://127.0.0.1:")
        assert service.bus_url.startswith("ws://127.0.0.1:")
        assert service.bus_url.endswith("/events")

    def test_after_the_end_both_ports_are_free_and_ending_again_does_no_harm(
        self, settings: Settings, alarm_tagger: FakeTagger
    ) -> None:
        before = sockets()
        service = Service(settings, alarm_tagger)
        service.start()
        service.stop()
        service.stop()
        ports = [int(url.split(":")[2].split("/")[0]) for url in (service.http_url, service.bus_url)]
        assert [is_free(port) for port in ports] == [True, True]
        assert sockets() == before

    def test_one_that_never_started_leaves_nothing_open(self, settings: Settings, alarm_tagger: FakeTagger) -> None:
        before = sockets()
        service = Service(settings, alarm_tagger)
        service.stop()
        service.stop()
        assert sockets() == before

    def test_a_busy_http_port_is_an_oserror_that_leaves_nothing_open(
        self, alarm_tagger: FakeTagger, taken: int
    ) -> None:
        before = sockets()
        with pytest.raises(OSError, match=str(taken)):
            Service(load(http={"port": taken}, bus={"port": 0}), alarm_tagger)
        assert sockets() == before

    def test_a_busy_bus_port_is_an_oserror_that_leaves_nothing_open(self, alarm_tagger: FakeTagger, taken: int) -> None:
        before = sockets()
        service = Service(load(http={"port": 0}, bus={"port": taken}), alarm_tagger)
        with pytest.raises(OSError, match=str(taken)):
            service.start()
        assert sockets() == before
        service.stop()

    @pytest.mark.parametrize(
        "wrong",
        [{"alerts": {"enabled": ["fier"]}}, {"http": {"token_file": "/nowhere/token"}}],
        ids=["alert class", "token file"],
    )
    def test_wrong_settings_are_refused_before_anything_is_opened(
        self, alarm_tagger: FakeTagger, wrong: dict[str, Any]
    ) -> None:
        before = sockets()
        with pytest.raises(BadSettings):
            Service(load(**{"http": {"port": 0}, "bus": {"port": 0}, **wrong}), alarm_tagger)
        assert sockets() == before

    def test_without_a_tagger_nothing_is_opened(self, tmp_path: Path) -> None:
        before = sockets()
        with pytest.raises(TaggerNotInstalled):
            Service(load(http={"port": 0}, bus={"port": 0}, models={"dir": tmp_path}))
        assert sockets() == before

    def test_a_tagger_that_fails_when_it_warms_up_leaves_nothing_open(self, settings: Settings) -> None:
        def deaf(_waveform: Any) -> dict[str, float]:
            raise RuntimeError("no memory")

        before = sockets()
        service = Service(settings, FakeTagger(deaf))
        with pytest.raises(RuntimeError, match="no memory"):
            service.start()
        left = sockets()
        service.stop()
        assert left == before
