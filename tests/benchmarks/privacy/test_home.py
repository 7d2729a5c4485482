# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""One home for all speakers: what is the same in it, what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks import report
from benchmarks.privacy.clips import MAIN, Condition, at_level
from benchmarks.privacy.home import in_one_home, pink
from benchmarks.privacy.material import Natural
from model.tagger import Waveform


def level_dbfs(sound: Waveform) -> float:
    return float(10 * np.log10(np.mean(sound.astype(np.float64) ** 2)))


@pytest.fixture
def speech() -> Natural:
    times_s = np.arange(4 * 16_000) / 16_000
    one, two = ((0.1 * np.sin(2 * np.pi * hz * times_s)).astype(np.float32) for hz in (200, 300))
    return Natural([(0, one), (1, two)], [one, one], [two, two], "tones")


@pytest.mark.parametrize("below_db", [15.0, 40.0])
def test_each_stands_in_the_room_over_noise_so_far_below(speech: Natural, below_db: float) -> None:
    home = in_one_home(speech, below_db)
    dry = [*(sound for _, sound in speech.known), *speech.filed, *speech.tried]
    heard = [*(sound for _, sound in home.known), *home.filed, *home.tried]
    for before, after in zip(dry, heard, strict=True):
        assert after.dtype == np.float32
        noise = after - at_level(before, Condition(MAIN.level_dbfs, room=True))
        assert level_dbfs(noise) == pytest.approx(MAIN.level_dbfs - below_db, abs=0.1)


def test_who_says_what_stays_and_no_two_pieces_have_the_same_noise(speech: Natural) -> None:
    home = in_one_home(speech, 20.0)
    assert [person for person, _ in home.known] == [0, 1]
    assert home.source == "tones, in one home"
    for pair in (home.filed, home.tried):
        assert level_dbfs(pair[0] - pair[1]) == pytest.approx(MAIN.level_dbfs - 20 + 3, abs=0.2), "two noises"
    again = in_one_home(speech, 20.0)
    assert np.array_equal(again.filed[0], home.filed[0])


def test_the_noise_falls_by_3_db_an_octave() -> None:
    power = np.abs(np.fft.rfft(pink(1 << 18, 1))) ** 2
    hz = np.fft.rfftfreq(1 << 18, 1 / 16_000)
    levels = [10 * np.log10(power[(hz >= low) & (hz < 2 * low)].mean()) for low in (100, 200, 400, 800, 1600, 3200)]
    assert np.diff(levels) == pytest.approx(-3, abs=0.3)


class TestWhatThePagesSay:
    """The words beside the table in PRIVACY.md, and decision 0014, held to the result."""

    @pytest.fixture
    def homes(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = report.read("privacy")["controls"]["one_home"]
        return found

    def test_unprotected_voices_are_told_apart_in_all_of_them(self, homes: dict[str, dict[str, Any]]) -> None:
        assert list(homes) == ["15", "20", "25", "30", "40"]
        assert max(one["none"]["equal_error_rate"] for one in homes.values()) < 0.06

    def test_up_to_20_db_the_gate_reaches_its_aim(self, homes: dict[str, dict[str, Any]]) -> None:
        reached = [name for name, one in homes.items() if one["speech_gate"]["equal_error_rate"] >= 0.4]
        assert reached == ["15", "20"]

    def test_behind_it_speakers_are_linked_no_better_within_the_intervals_than_without_a_voice(
        self, homes: dict[str, dict[str, Any]]
    ) -> None:
        known = report.read("privacy")
        own = known["methods"]["speech_gate"]["voices"]["natural"], known["controls"]["background_alone"]
        for gated, silent in (own, *((one["speech_gate"], one["pauses"]) for one in homes.values())):
            assert gated["interval_95"][1] >= silent["interval_95"][0]
            assert silent["interval_95"][1] >= gated["interval_95"][0]

    def test_the_luckiest_of_as_many_guesses_reaches_41_to_42_percent(self, homes: dict[str, dict[str, Any]]) -> None:
        assert {round(one["speech_gate"]["luckiest_guess"], 2) for one in homes.values()} == {0.41, 0.42}

    def test_the_figures_of_the_decision_are_those(self, homes: dict[str, dict[str, Any]]) -> None:
        found = {
            (name, method): f"{homes[name][method]['equal_error_rate']:.0%}"
            for name, method in (
                ("20", "none"),
                ("20", "speech_gate"),
                ("15", "speech_gate"),
                ("30", "speech_gate"),
                ("30", "pauses"),
            )
        }
        assert list(found.values()) == ["3%", "43%", "44%", "36%", "31%"]
