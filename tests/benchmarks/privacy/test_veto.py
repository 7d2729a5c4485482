# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import anonymizers.speech_gate
from anonymizers.gate.features import frame_count
from anonymizers.registry import anonymizers as anonymizers_of
from benchmarks import report
from benchmarks.privacy import run, veto, veto_picture, veto_table
from benchmarks.privacy.methods import ATTACKER, HOUSEHOLD, Method, chance
from benchmarks.privacy.veto import (
    CHAIN,
    DEFAULT,
    GATE,
    LIKELIER,
    OUTRIGHT,
    PLAIN,
    POINTS,
    SETTING,
    Remembered,
    Strength,
    counted,
    gate,
    hiding,
)
from model.tagger import SAMPLE_RATE_HZ

Floats = NDArray[np.float32]
SOUND = np.random.default_rng(3).normal(0, 0.05, 4 * SAMPLE_RATE_HZ).astype(np.float32)


def speech_in_the_middle(waveform: Floats) -> Floats:
    """As sure as the network can be of the second and third of four seconds, and of nothing else."""
    frame = np.arange(frame_count(waveform.size))
    return ((frame > frame.size / 4) & (frame < 3 * frame.size / 4)).astype(np.float32)


def alarm_in_the_third_second(waveform: Floats, _rate_hz: int) -> Floats:
    return np.array([0, 0, 0, 0, 0.6, 0.6, 0, 0], np.float32)


@pytest.fixture
def sure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anonymizers.speech_gate, "shipped", lambda: speech_in_the_middle)
    monkeypatch.setattr(veto, "shipped_gate", lambda: speech_in_the_middle)


def test_a_score_counts_from_the_threshold_on() -> None:
    scores = np.array([0, 0.2, 0.5, 0.9], np.float32)
    assert counted(scores, Strength(GATE, LIKELIER, 0.5)).tolist() == pytest.approx([0, 0, 0.5, 0.9])
    assert counted(scores, Strength(GATE, OUTRIGHT, 0.5)).tolist() == [0, 0, 1, 1]
    assert np.array_equal(counted(scores, Strength(GATE, LIKELIER)), scores)


def test_every_rule_is_swept_over_every_threshold_and_compared_with_none() -> None:
    swept = {
        f"{name} {rule} {at:g}" for name in (GATE, CHAIN) for rule in (LIKELIER, OUTRIGHT) for at in veto.THRESHOLDS
    }
    assert set(POINTS) == swept | {PLAIN, f"{GATE} off", f"{CHAIN} off"}
    assert (DEFAULT, SETTING) == ("speech_gate off", "speech_gate likelier 0")


@pytest.mark.usefixtures("sure")
@pytest.mark.parametrize("key", [HOUSEHOLD, ATTACKER])
@pytest.mark.parametrize("name", [GATE, CHAIN])
def test_without_a_veto_it_is_the_method_of_the_registry(name: str, key: int) -> None:
    hidden = hiding(key, Strength(name), alarm_in_the_third_second)(SOUND)
    assert np.array_equal(hidden, Method(name, key)(SOUND))
    assert not np.array_equal(hidden, SOUND)


@pytest.mark.usefixtures("sure")
@pytest.mark.parametrize("name", [GATE, CHAIN])
def test_the_setting_is_the_first_rule_at_threshold_zero(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(anonymizers.speech_gate, "shipped", lambda: lambda one: 0.5 * speech_in_the_middle(one) + 0.4)
    served = anonymizers_of(secret=chance(1000 + HOUSEHOLD)(32), alert_veto=alarm_in_the_third_second)[name]
    ours = hiding(HOUSEHOLD, Strength(name, LIKELIER), alarm_in_the_third_second)(SOUND)
    assert np.array_equal(ours, served.anonymize(SOUND, SAMPLE_RATE_HZ).waveform)


@pytest.mark.usefixtures("sure")
def test_what_is_surely_speech_is_spared_by_the_second_rule_alone() -> None:
    def spared(rule: str, threshold: float) -> bool:
        third = slice(round(2.3 * SAMPLE_RATE_HZ), round(2.7 * SAMPLE_RATE_HZ))
        one = gate(HOUSEHOLD, Strength(GATE, rule, threshold), alarm_in_the_third_second)
        return not one.where(SOUND, SAMPLE_RATE_HZ)[third].any()

    assert spared(OUTRIGHT, 0.5)
    assert not spared(OUTRIGHT, 0.7)
    assert not spared(LIKELIER, 0.5)


@pytest.mark.usefixtures("sure")
def test_a_stronger_veto_spares_no_less_and_the_strongest_all() -> None:
    for rule in (LIKELIER, OUTRIGHT):
        gates = [gate(HOUSEHOLD, Strength(GATE, rule, at), alarm_in_the_third_second) for at in veto.THRESHOLDS]
        taken = [int(one.mask(SOUND, SAMPLE_RATE_HZ).sum()) for one in gates]
        assert taken == sorted(taken, reverse=True)
        assert (taken[-1] == 0) == (rule == OUTRIGHT)


@pytest.mark.usefixtures("sure")
def test_a_gate_that_is_off_leaves_the_sound_to_what_follows() -> None:
    hidden = {name: hiding(HOUSEHOLD, Strength(name, OUTRIGHT), alarm_in_the_third_second) for name in (GATE, CHAIN)}
    assert np.array_equal(hidden[GATE](SOUND), SOUND)
    assert np.array_equal(hidden[CHAIN](SOUND), Method("reverse_splice", HOUSEHOLD)(SOUND))


def test_each_sound_is_scored_once() -> None:
    asked: list[int] = []

    def scores(waveform: Floats, _rate_hz: int) -> Floats:
        asked.append(waveform.size)
        return np.zeros(1, np.float32)

    remembered = Remembered(scores)
    for sound in (SOUND, SOUND.copy(), SOUND[1:]):
        remembered(sound, SAMPLE_RATE_HZ)
    assert asked == [SOUND.size, SOUND.size - 1]


def point(found: float, identified: float) -> dict[str, Any]:
    return {
        "alarm_recall": found,
        "alarm_recall_interval_95": [found - 0.1, found + 0.1],
        "spared": 0.1,
        "sentences": {"identified": identified, "interval_95": [identified - 0.04, identified + 0.1]},
    }


@pytest.fixture
def taggers() -> dict[str, dict[str, Any]]:
    each = {name: point(0.2 + 0.01 * at, 0.1 + 0.01 * at) for at, name in enumerate(POINTS)}
    return {"hearken_small": each, "mn04_as": each}


def test_the_table_has_a_row_a_strength(monkeypatch: pytest.MonkeyPatch, taggers: dict[str, Any]) -> None:
    monkeypatch.setattr(report, "read", lambda _name: {"taggers": taggers})
    rows = veto_table.table().splitlines()
    assert len(rows) == 2 + 1 + (1 + 2 * len(veto.THRESHOLDS)) + 4
    assert len({row.count("|") for row in rows}) == 1
    assert "| **`speech_gate`, no veto: the default** | 21% (11% to 31%) | 11% (7% to 21%) |" in rows[3]
    assert len([row for row in rows if "alert_veto = true" in row]) == 2


def test_the_picture_is_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, taggers: dict[str, Any]) -> None:
    monkeypatch.setattr(veto_picture, "PICTURE", tmp_path / "pictures" / "veto.png")
    assert veto_picture.draw(taggers).read_bytes()[:4] == b"\x89PNG"


def test_dots_on_one_spot_get_one_label() -> None:
    steps = [("0.9", (0.1, 0.2)), ("0.5", (0.2, 0.2)), ("0.1", (0.2, 0.2)), ("0", (0.2, 0.2))]
    assert veto_picture.together(steps) == {"0.9": (0.1, 0.2), "0.5 to 0": (0.2, 0.2)}


def test_a_run_that_was_cut_off_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(veto, "CACHE", tmp_path)
    asked: list[list[str]] = []

    def measure(tagger: str, missing: list[str], sources: str) -> None:
        asked.append(missing)
        for name in missing:
            path = veto._part(tagger, name, sources)
            path.parent.mkdir(exist_ok=True)
            path.write_text("{}", encoding="utf-8")

    monkeypatch.setattr(veto, "_measure", measure)
    assert list(veto.measured("mn04_as", "a")) == list(POINTS)
    veto._part("mn04_as", DEFAULT, "a").unlink()
    veto.measured("mn04_as", "a")
    veto.measured("mn04_as", "b")
    assert asked == [list(POINTS), [DEFAULT], list(POINTS)]


def test_what_only_reads_figures_makes_none_of_them_old() -> None:
    folder = Path(run.__file__).parent
    assert all((folder / name).is_file() for name in run._LATER)
