# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest

from analytic.app import make_pipeline, make_policies
from analytic.app.policies import shifted
from analytic.audio.clip import Clip
from analytic.delivery.memory import Memory
from analytic.errors import BadSettings
from analytic.events.classes import ALERT_CLASSES, THRESHOLDS, below
from analytic.events.habituation import NONE, Habituation
from analytic.events.policy import Policy
from analytic.events.rules import Rule
from analytic.settings import load
from analytic.settings.alerts import AlertSettings, Sensitivity
from model.fake import FakeTagger
from model.heads.points import OperatingPoint
from model.labels import index_of

WORDS = get_args(Sensitivity)
TABLE = {alert.name: alert for alert in ALERT_CLASSES}


def policy(tagger: str = "mn04_as", points: Any = None, **alerts: Any) -> Policy:
    return make_policies(AlertSettings(**alerts), tagger, points).now()


def rule(name: str, **alerts: Any) -> Rule:
    return {one.name: one for one in policy(**alerts).rules}[name]


def at(text: str) -> time.struct_time:
    """The local time that a text such as ``Tue 23:30`` says."""
    return time.strptime(f"{text} 2026", "%a %H:%M %Y")


class TestClasses:
    def test_by_default_the_classes_of_the_table_that_are_on_are_on(self) -> None:
        assert [one.name for one in policy().rules] == [alert.name for alert in ALERT_CLASSES if alert.enabled]

    def test_the_settings_choose_classes_in_the_order_of_the_table(self) -> None:
        chosen = policy(enabled=("siren", "fire"), thresholds={"fire": 0.5})
        assert [(one.name, round(one.on, 6)) for one in chosen.rules] == [
            ("fire", 0.5),
            ("siren", TABLE["siren"].threshold),
        ]
        assert [one.members for one in chosen.rules] == [
            tuple(index_of(mid) for mid in TABLE[name].mids) for name in ("fire", "siren")
        ]

    def test_a_threshold_turns_no_class_on(self) -> None:
        assert "siren" not in [one.name for one in policy(thresholds={"siren": 0.5}).rules]

    def test_none_may_be_on(self) -> None:
        assert policy(enabled=()).rules == ()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"enabled": ("fier",)},
            {"thresholds": {"fier": 0.5}},
            {"sensitivities": {"fier": "high"}},
            {"rules": {"fier": {"confirm": 1}}},
            {"modes": {"night": {"enabled": ("fier",)}}},
            {"modes": {"night": {"thresholds": {"fier": 0.5}}}},
        ],
    )
    def test_an_unknown_class_is_refused_by_name_wherever_it_stands(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(BadSettings, match=r"alerts: .*'fier'; known: glass_break, scream.*unusual, surge"):
            policy(**wrong)

    def test_each_tagger_has_thresholds_of_its_own(self) -> None:
        assert rule("fire", tagger="hearken_small").on == pytest.approx(THRESHOLDS["hearken_small"]["fire"])
        assert rule("fire", tagger="of one's own").on == pytest.approx(TABLE["fire"].threshold)

    def test_unusual_sound_is_judged_in_long_windows_and_only_where_named(self) -> None:
        assert "unusual" not in [one.name for one in policy().rules]
        unusual = rule("unusual", enabled=("unusual",))
        assert (unusual.window_s, unusual.hop_s, unusual.severity) == (10.0, 2.5, "notice")

    def test_surges_are_no_rule_of_the_policy(self) -> None:
        assert [one.name for one in policy(enabled=("surge", "fire")).rules] == ["fire"]


class TestOwnClasses:
    PURR = {"purr": {"members": {"Purr": 1.0, "/m/07qrkrw": 0.5}, "threshold": 0.4}}  # noqa: RUF012

    def test_one_is_on_and_has_its_members_weights_and_threshold(self) -> None:
        purr = rule("purr", classes=self.PURR)
        assert purr.members == (index_of("/m/02yds9"), index_of("/m/07qrkrw"))
        assert purr.weights == (1.0, 0.5)
        assert purr.on == pytest.approx(0.4)
        assert purr.severity == "warning"

    def test_where_the_settings_say_what_is_on_it_must_be_named(self) -> None:
        assert [one.name for one in policy(enabled=("fire",), classes=self.PURR).rules] == ["fire"]
        assert [one.name for one in policy(enabled=("purr",), classes=self.PURR).rules] == ["purr"]

    def test_it_has_rules_sensitivities_and_modes_as_the_others(self) -> None:
        purr = rule(
            "purr", classes=self.PURR, rules={"purr": {"confirm": 2, "among": 3}}, sensitivities={"purr": "high"}
        )
        assert (purr.confirm, purr.among) == (2, 3)
        assert purr.on < 0.4

    def test_an_audioset_class_that_does_not_exist_is_refused_by_name(self) -> None:
        with pytest.raises(BadSettings, match=r"alerts\.classes\.purr: there is no AudioSet class 'Pur'"):
            policy(classes={"purr": {"members": {"Pur": 1.0}, "threshold": 0.4}})

    @pytest.mark.parametrize("name", ["fire", "siren", "surge", "unusual"])
    def test_a_name_that_is_taken_is_refused(self, name: str) -> None:
        with pytest.raises(BadSettings, match=rf"alerts\.classes\.{name}: there is a class of that name already"):
            policy(classes={name: {"members": {"Purr": 1.0}, "threshold": 0.4}})

    @pytest.mark.parametrize(("score", "alerts"), [(0.9, 1), (0.7, 0)])
    def test_from_settings_to_message(self, score: float, alerts: int) -> None:
        members = {"Purr": 0.5}
        settings = load(alerts={"classes": {"purr": {"members": members, "threshold": 0.4}}})
        bus = Memory()
        pipeline = make_pipeline(settings, FakeTagger.always({"Purr": score}), [bus])
        pipeline.analyse(Clip(np.ones(32_000, np.float32)))
        assert [(message["event_class"], message["label"]) for message in bus.messages()] == 2 * alerts * [
            ("purr", "Purr")
        ]


class TestRules:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("confirm", 1),
            ("among", 6),
            ("min_s", 1.5),
            ("max_s", 60.0),
            ("release_s", 7.0),
            ("cool_down_s", 5.0),
            ("escalation", 0.1),
            ("severity", "notice"),
        ],
    )
    def test_each_key_changes_the_rule_and_nothing_else(self, key: str, value: Any) -> None:
        before, after = rule("fire"), rule("fire", rules={"fire": {key: value}})
        assert getattr(before, key) != value
        assert getattr(after, key) == value
        differences = [name for name in Rule.__slots__ if getattr(before, name) != getattr(after, name)]
        assert differences == [key]

    def test_one_window_is_enough_so_far_above_the_threshold(self) -> None:
        (known,) = policy(enabled=("fire",), thresholds={"fire": 0.5}, rules={"fire": {"sure_above": 2}}).rules
        assert known.sure == pytest.approx(shifted(0.5, 2))
        assert rule("fire", rules={"fire": {"sure_above": 0}}).sure == rule("fire").on

    def test_how_a_class_wears_off_is_changed_key_by_key(self) -> None:
        before = rule("scream").habituation
        after = rule("scream", rules={"scream": {"habituation": {"free": 5, "fades_s": 60}}}).habituation
        assert after == replace(before, free=5.0, fades_s=60.0)
        assert rule("fire").habituation.step == 0
        assert rule("fire", rules={"fire": {"habituation": {"step": 1}}}).habituation == Habituation()

    def test_wearing_off_may_be_switched_off_for_one_class_or_for_all(self) -> None:
        off = {"scream": {"habituation": {"step": 0}}}
        assert [one.name for one in policy(rules=off).rules if one.habituation.step] == [
            one.name for one in policy().rules if one.habituation.step and one.name != "scream"
        ]
        assert not any(one.habituation.step for one in policy(habituation=False).rules)

    def test_what_is_unusual_never_wears_off_because_what_is_usual_is_learnt(self) -> None:
        assert [one.habituation for one in policy(enabled=("unusual",)).rules] == [NONE]

    def test_others_are_as_they_were(self) -> None:
        assert rule("scream", rules={"fire": {"confirm": 1}}) == rule("scream")

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"confirm": 5}, "fire: 1 <= confirm <= among, found 5 of 4"),
            ({"min_s": 20, "max_s": 10}, "fire: 0 <= min_s < max_s, found 20 and 10"),
        ],
    )
    def test_what_makes_no_rule_is_refused_by_name(self, changes: dict[str, Any], said: str) -> None:
        with pytest.raises(BadSettings, match=f"alerts: {said}"):
            policy(rules={"fire": changes})

    def test_a_threshold_too_small_for_a_score_is_refused(self) -> None:
        with pytest.raises(BadSettings, match="alerts: fire: 0 < off <= on"):
            policy(thresholds={"fire": 1e-60})


class TestSensitivity:
    @pytest.mark.parametrize("name", [alert.name for alert in ALERT_CLASSES])
    def test_the_more_sensitive_the_word_the_lower_both_thresholds(self, name: str) -> None:
        rules = [rule(name, enabled=(name,), sensitivity=word) for word in WORDS]
        assert WORDS == ("very_low", "low", "medium", "high", "very_high")
        assert all(easier.on < one.on and easier.off < one.off for one, easier in itertools.pairwise(rules))
        assert all(0 < one.off < one.on < 1 for one in rules)

    def test_medium_is_the_table_and_the_default(self) -> None:
        assert policy(sensitivity="medium").rules == policy().rules

    def test_each_word_is_one_unit_of_log_odds(self) -> None:
        assert shifted(0.5, 1) == pytest.approx(1 / (1 + np.exp(-1)))
        assert shifted(shifted(0.02, 2), -2) == pytest.approx(0.02)
        assert shifted(below(0.02), 1) == pytest.approx(0.02)

    @pytest.mark.parametrize("word", WORDS)
    def test_the_highest_threshold_stays_one(self, word: Sensitivity) -> None:
        everything = {"purr": {"members": {"Purr": 1.0}, "threshold": 1.0}}
        assert 0.9 < rule("purr", classes=everything, sensitivity=word).on <= 1

    def test_a_class_of_its_own_word_has_that(self) -> None:
        high, medium = policy(sensitivity="high"), policy()
        mixed = policy(sensitivity="high", sensitivities={"fire": "medium"})
        assert [one.on for one in mixed.rules] == [
            medium.rules[index].on if one.name == "fire" else one.on for index, one in enumerate(high.rules)
        ]

    def test_a_threshold_wins_over_a_word(self) -> None:
        assert rule("fire", sensitivity="very_high", thresholds={"fire": 0.5}).on == 0.5

    def test_where_there_are_heads_the_words_are_their_operating_points(self) -> None:
        points = {"fire": {word: OperatingPoint(0.9 - number / 10, 0.2) for number, word in enumerate(WORDS)}}
        found = [rule("fire", points=points, sensitivity=word) for word in WORDS]
        assert [one.on for one in found] == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5])
        assert [one.off for one in found] == pytest.approx([0.2] * 5)
        assert rule("scream", points=points).on == pytest.approx(TABLE["scream"].threshold)
        assert rule("fire", points=points, thresholds={"fire": 0.55}).on == pytest.approx(0.55)


class TestModes:
    NIGHT: Any = {  # noqa: RUF012
        "enabled": ("fire", "scream"),
        "modes": {
            "night": {"sensitivity": "high"},
            "away": {"enabled": ("glass_break", "fire"), "thresholds": {"fire": 0.7}},
        },
        "schedule": (
            {"mode": "night", "begins": "22:30", "ends": "06:00"},
            {"mode": "away", "begins": "09:00", "ends": "17:00", "days": ("mon", "tue")},
        ),
    }

    def at(self, text: str, **changes: Any) -> tuple[str, dict[str, float]]:
        policies = make_policies(AlertSettings(**{**self.NIGHT, **changes}), "mn04_as", None, lambda: at(text))
        return policies.mode, {one.name: one.on for one in policies.now().rules}

    @pytest.mark.parametrize(
        ("text", "mode"),
        [
            ("Mon 22:29", "home"),
            ("Mon 22:30", "night"),
            ("Tue 05:59", "night"),
            ("Tue 06:00", "home"),
            ("Tue 09:00", "away"),
            ("Wed 09:00", "home"),
        ],
    )
    def test_the_schedule_says_which_mode_holds_by_local_time(self, text: str, mode: str) -> None:
        assert self.at(text)[0] == mode

    def test_a_mode_changes_classes_and_thresholds_and_what_it_does_not_say_is_as_without_it(self) -> None:
        _, home = self.at("Wed 12:00")
        _, night = self.at("Wed 23:00")
        _, away = self.at("Tue 12:00")
        assert list(home) == list(night) == ["scream", "fire"]
        assert all(night[name] < home[name] for name in home)
        assert list(away) == ["glass_break", "fire"]
        assert away["fire"] == pytest.approx(0.7)
        assert away["glass_break"] == pytest.approx(TABLE["glass_break"].threshold)

    def test_where_no_period_holds_it_is_the_mode_of_the_settings(self) -> None:
        assert self.at("Wed 12:00", mode="away")[0] == "away"

    def test_the_clock_is_asked_whenever_it_matters(self) -> None:
        times = iter(["Wed 12:00", "Wed 23:00", "Thu 12:00"])
        policies = make_policies(AlertSettings(**self.NIGHT), "mn04_as", None, lambda: at(next(times)))
        assert [policies.mode for _ in range(3)] == ["home", "night", "home"]

    @pytest.mark.parametrize(
        "wrong",
        [{"mode": "dusk"}, {"schedule": ({"mode": "dusk", "begins": "22:00", "ends": "06:00"},)}],
    )
    def test_a_mode_that_does_not_exist_is_refused_by_name(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(BadSettings, match="alerts: there is no mode 'dusk'; known: away, home, night"):
            self.at("Wed 12:00", **wrong)

    def test_without_settings_it_is_always_home(self) -> None:
        assert make_policies(AlertSettings(), "mn04_as").mode == "home"


class TestUploads:
    def test_a_sensitivity_of_its_own_moves_what_the_settings_gave_to_no_single_class(self) -> None:
        points = {"fire": {"medium": OperatingPoint(0.8, 0.6), "very_high": OperatingPoint(0.3, 0.2)}}
        settings = AlertSettings(enabled=("fire", "scream"), sensitivities={"scream": "low"})
        live = make_policies(settings, "mn04_as", points)
        uploads = make_policies(settings, "mn04_as", points, sensitivity="very_high")
        fire, scream = (
            {rule.name: rule.on for rule in policies.now().rules}[name]
            for policies, name in ((uploads, "fire"), (uploads, "scream"))
        )
        assert fire == pytest.approx(0.3)
        assert scream == {rule.name: rule.on for rule in live.now().rules}["scream"]
