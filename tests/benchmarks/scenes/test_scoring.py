# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json

import pytest

from benchmarks.scenes.scoring import false_alarms, score
from benchmarks.scenes.truth import Detection, Played, TrueEvent


def event(onset_s: float, *, group: str = "a", name: str = "scream", snr_db: float = 6.0, holds: str = "") -> TrueEvent:
    return TrueEvent(name, onset_s, onset_s + 2, snr_db, group, f"{group}.ogg", frozenset(holds.split()))


def said(onset_s: float, *, name: str = "scream", length_s: float = 2.0, delay_s: float = 1.5) -> Detection:
    return Detection(name, onset_s, onset_s + length_s, 0.9, onset_s + delay_s)


def test_nothing_at_all_is_scored_without_figures() -> None:
    result = score([], [], 0.0, classes=["scream"])
    assert result["unscored"] == {"scream": 0}
    scream = result["classes"]["scream"]
    assert (scream["recall"], scream["recall_95"], scream["false_alarms_per_day"]) == (None, None, None)
    assert scream["onset_error_s"] is None
    json.dumps(result)


def test_events_without_detections_are_missed_and_cost_no_false_alarm() -> None:
    scream = score([[event(10), event(50)]], [[]], 1.0)["classes"]["scream"]
    assert (scream["events"], scream["found"], scream["recall"], scream["false_alarms"]) == (2, 0, 0.0, 0)
    assert scream["false_alarms_per_day_at_most"] == pytest.approx(71.898, abs=0.01)


def test_detections_without_events_are_false() -> None:
    scream = score([[]], [[said(10), said(90)]], 1.0)["classes"]["scream"]
    assert (scream["events"], scream["recall"], scream["false_alarms"]) == (0, None, 2)
    assert scream["false_alarms_per_day"] == 48.0


@pytest.mark.parametrize(
    ("onset_s", "length_s", "found"), [(12.9, 1, 1), (13.1, 1, 0), (7.0, 1.9, 0), (7.0, 2.1, 1), (0.0, 60.0, 1)]
)
def test_an_event_is_found_within_a_collar_of_a_second(onset_s: float, length_s: float, found: int) -> None:
    result = score([[event(10)]], [[said(onset_s, length_s=length_s)]], 1.0)["classes"]["scream"]
    assert (result["found"], result["false_alarms"]) == (found, 1 - found)


def test_one_detection_serves_one_event_and_a_second_one_is_a_repeat() -> None:
    both = score([[event(10), event(13)]], [[said(11, length_s=3)]], 1.0)["classes"]["scream"]
    assert (both["found"], both["false_alarms"]) == (1, 0)
    again = score([[event(10)]], [[said(10), said(12.5)]], 1.0)["classes"]["scream"]
    assert (again["found"], again["repeats"], again["false_alarms"]) == (1, 1, 0)


def test_two_events_each_get_the_detection_that_can_serve_them() -> None:
    detections = [said(12.5, length_s=4), said(9, length_s=2)]
    assert score([[event(10), event(14.5)]], [detections], 1.0)["classes"]["scream"]["found"] == 2


def test_another_class_finds_nothing_and_is_laid_to_the_alarm() -> None:
    result = score([[event(10)]], [[said(10, name="gunshot")]], 1.0)["classes"]
    assert result["scream"]["found"] == 0
    assert (result["gunshot"]["false_alarms"], result["gunshot"]["false_alarms_at_other_alarms"]) == (1, 1)


def test_what_a_sound_may_hold_besides_is_excused() -> None:
    shot = event(10, name="gunshot", holds="explosion")
    result = score([[shot]], [[said(10, name="explosion")]], 1.0)["classes"]["explosion"]
    assert (result["excused"], result["false_alarms"]) == (1, 0)
    barking = Played("pets", 10, 12, -40, "dog", "dog.ogg", frozenset({"dog_bark"}))
    result = score([[]], [[said(10, name="dog_bark")]], 1.0, played=[[barking]])["classes"]["dog_bark"]
    assert (result["excused"], result["false_alarms"]) == (1, 0)


def test_errors_and_delays_are_told_with_their_sign() -> None:
    truth = [event(10), event(50), event(90)]
    detections = [said(9.5, delay_s=2), said(50.25), said(89.5, delay_s=4)]
    scream = score([truth], [detections], 1.0)["classes"]["scream"]
    assert scream["onset_error_s"]["median"] == 0.5
    assert scream["onset_error_s"]["median_signed"] == -0.5
    assert scream["offset_error_s"]["p95"] == 0.5
    assert scream["delay_s"] == {"median": 1.75, "p95": pytest.approx(3.325)}


def test_recall_is_told_by_snr() -> None:
    truth = [event(10, snr_db=0.0), event(50, snr_db=20.0)]
    by_snr = score([truth], [[said(50)]], 1.0)["classes"]["scream"]["by_snr_db"]
    assert (by_snr["0"]["recall"], by_snr["20"]["recall"]) == (0.0, 1.0)


def test_classes_with_fewer_than_ten_recordings_are_named_unscored() -> None:
    many = [event(10 + 30 * number, group=f"r{number}") for number in range(10)]
    few = [event(500, name="siren")]
    result = score([[*many, *few]], [[said(10), said(500, name="siren")]], 1.0)
    assert result["unscored"] == {"siren": 1}
    assert result["scored"]["names"] == ["scream"]
    assert (result["scored"]["events"], result["scored"]["found"]) == (10, 1)


def test_the_interval_by_recordings_is_wider_where_recordings_come_again() -> None:
    truth = [event(10 + 30 * number, group=f"r{number % 2}") for number in range(20)]
    scream = score([truth], [[said(10 + 30 * number) for number in range(20)]], 1.0)["classes"]["scream"]
    assert scream["recall_95"][0] > 0.83
    assert scream["recall_95_by_recordings"][0] < 0.4


def test_soundscapes_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="1 truths, 2 detections, 0 played: not one for one"):
        score([[]], [[], []], 1.0)


class TestFalseAlarms:
    def test_a_quiet_stream_has_an_upper_bound(self) -> None:
        result = false_alarms([], 72.0, classes=["scream"])
        assert result["classes"]["scream"]["false_alarms"] == 0
        assert result["all"]["false_alarms_per_day_at_most"] == pytest.approx(0.999, abs=1e-3)
        json.dumps(result)

    def test_each_is_laid_to_what_sounded(self) -> None:
        talk = Played("speech", 119, 124, -40, "v", "v.ogg")
        bark = Played("pets", 300, 302, -40, "d", "d.ogg", frozenset({"dog_bark"}))
        detections = [said(121), said(200), said(301, name="dog_bark")]
        result = false_alarms(detections, 24.0, played=[talk, bark])
        assert result["classes"]["scream"]["at"] == {"speech": 1, "background": 1}
        assert (result["classes"]["dog_bark"]["excused"], result["all"]["false_alarms"]) == (1, 2)
