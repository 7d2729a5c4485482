# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The joints between windows, policy and scoring, on made-up windows: no tagger, no recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analytic.events.judging import Look
from analytic.events.policy import Policy
from benchmarks.events import windows
from benchmarks.events.calibrate import ALLOWED, STEP, Place, curve, points, tallies
from benchmarks.events.detect import EVERY, baseline, class_scores, detect, of_policy, rules
from benchmarks.events.plan import COLUMNS
from benchmarks.events.run import figures_of, parts
from benchmarks.events.streams import CLASSES, Material, Stream
from benchmarks.events.windows import Windows
from benchmarks.scenes.truth import TrueEvent
from model.fake import FakeTagger
from model.heads.points import off_of
from model.labels import index_of

GLASS = index_of("/m/07rn7sz")


def made(seconds: float, loud: dict[int, float], truth: tuple[TrueEvent, ...] = ()) -> Windows:
    """Windows every 0.5 s that hear nothing but glass, at the given places and logits."""
    count = int((seconds - 2.0) / 0.5) + 1
    logits = np.full((count, 527), -12.0, np.float16)
    for place, logit in loud.items():
        logits[place, GLASS] = logit
    stops_s = np.arange(count, dtype=np.float64) * 0.5 + 2.0
    return Windows(stops_s, logits, np.zeros((count, 2), np.float16), truth, (), seconds)


def glass(onset_s: float) -> TrueEvent:
    return TrueEvent("glass_break", onset_s, onset_s + 1.0, 12.0, "one", "clips/a.ogg")


def scored(found: Windows) -> np.ndarray:
    return class_scores(Policy(rules(dict.fromkeys(EVERY, (0.5, 0.4)))), found, None)


def test_leaving_out_quiet_windows_changes_no_detection() -> None:
    policy = Policy(rules({"glass_break": (0.5, 0.3)}))
    random = np.random.default_rng(0)
    found = made(300.0, {int(place): float(random.normal(0, 2)) for place in random.integers(0, 590, 80)})
    scores = of_policy(policy, scored(found))
    looks = [
        Look(stop_s - 2.0, stop_s, 2.0, place == 0, row, labels)
        for place, (stop_s, row, labels) in enumerate(zip(found.stops_s.tolist(), scores, found.scores, strict=True))
    ]
    ends = [one for one in policy.run(looks, found.seconds).transitions if one.phase == "end"]
    assert len(ends) > 3
    assert [(one.onset_s, one.offset_s) for one in ends] == [
        (one.onset_s, one.offset_s) for one in detect(policy, found, scores)
    ]


def test_a_baseline_event_is_a_run_of_windows_over_the_threshold() -> None:
    found = made(60.0, {10: 1.0, 11: 1.0, 30: 1.0, 31: -1.0, 32: 1.0})
    policy = Policy(baseline(0.5))
    detections = detect(policy, found, policy.class_scores(found.scores))
    assert [one.announced_s for one in detections] == [7.0, 17.0, 18.0]


def test_a_curve_falls_from_nothing_to_everything_and_its_points_keep_their_bounds() -> None:
    home = Stream("household", Material(1), 0, 6.0)
    scene = Stream("scenes", Material(1), 1, 1 / 6)
    quiet = made(21_600.0, {1_000: 0.0, 5_000: 2.0, 20_000: 4.0})
    alarms = made(600.0, {200: 3.0, 600: 1.0}, (glass(100.5), glass(300.5)))
    heard = [(home, quiet, scored(quiet)), (scene, alarms, scored(alarms))]
    places = curve(tallies("glass_break", heard), heard)
    assert [place.per_day for place in places] == sorted(place.per_day for place in places)
    assert [place.found for place in places] == sorted(place.found for place in places)
    assert (places[0].found, places[-1].found, places[-1].events) == (0, 2, 2)
    chosen = points("glass_break", places)
    assert all((point.false_alarms_per_day or 0.0) <= ALLOWED[word] for word, point in chosen.items())
    assert chosen["very_low"].on >= chosen["very_high"].on


def test_a_curve_counts_every_alarm_however_many_there_were() -> None:
    home = Stream("household", Material(1), 0, 6.0)
    often = made(21_600.0, dict.fromkeys(range(100, 2_100, 200), 2.0))
    heard = [(home, often, scored(often))]
    assert curve(tallies("glass_break", heard), heard)[-1].per_day == 10 * 4
    policy = Policy(rules({"glass_break": (0.5, off_of(0.5))}))
    assert len(detect(policy, often, of_policy(policy, scored(often)))) < 10, "as it runs, it wears off"


def test_very_low_lies_above_where_nothing_was_falsely_raised_but_for_what_may_kill() -> None:
    curved = [
        Place(on=1 / (1 + np.exp(-logit)), per_day=max(0.0, 2.0 - logit), plain_per_hour=0.0, found=0, events=1)
        for logit in np.arange(5.0, 0.0, -STEP).tolist()
    ]
    chosen = points("scream", curved)
    assert chosen["very_low"].on == pytest.approx(1 / (1 + np.exp(-2.75)), abs=1e-6)
    assert points("fire", curved)["very_low"].on == pytest.approx(1 / (1 + np.exp(-2.0)), abs=1e-6)
    assert chosen["medium"].on == pytest.approx(1 / (1 + np.exp(-1.0)), abs=1e-6)
    assert points("scream", curved[:2])["very_low"].on == pytest.approx(curved[0].on, abs=1e-6), (
        "there is nothing above"
    )


def test_a_curve_that_passes_its_bounds_at_once_gives_the_highest_threshold() -> None:
    place = Place(on=0.99, per_day=99.0, plain_per_hour=0.0, found=0, events=1)
    assert {point.on for point in points("glass_break", [place]).values()} == {0.99}


def test_no_stream_is_judged_by_thresholds_that_came_from_it() -> None:
    for column in COLUMNS:
        found = made(60.0, {})
        rows = [(stream, found, scored(found)) for stream in column.streams()]
        judged = []
        for chosen, others in parts(column, rows):
            names = {stream.name for stream, _, _ in chosen if stream.kind != "plain"}
            assert names.isdisjoint(stream.name for stream, _, _ in others)
            judged += [stream.name for stream, _, _ in chosen]
        assert sorted(judged) == sorted(stream.name for stream in column.streams()), "each is judged once"


def test_figures_tell_recall_and_false_alarms_apart() -> None:
    scene = Stream("scenes", Material(1), 0, 1 / 6)
    home = Stream("household", Material(1), 0, 6.0)
    policy = Policy(rules({"glass_break": (0.5, off_of(0.5))}))
    rows = []
    for stream, found in (
        (scene, made(600.0, {200: 3.0}, (glass(100.5),))),
        (home, made(21_600.0, {500: 3.0})),
    ):
        rows.append((stream, found, detect(policy, found, of_policy(policy, scored(found)))))
    figures = figures_of(rows)
    assert figures["scenes"]["classes"]["glass_break"]["recall"] == 1.0
    assert figures["scenes"]["classes"]["glass_break"]["false_alarms"] == 0
    assert figures["household"]["classes"]["glass_break"]["false_alarms_per_day"] == pytest.approx(4.0)


def test_what_was_heard_is_kept_and_read_again(tmp_path: Path) -> None:
    class Pooled:
        """Stands for a pool; the stream below needs none."""

    class Short(Stream):
        def blocks(self, pool: object) -> object:  # type: ignore[override]
            from benchmarks.scenes.truth import Block

            yield Block(np.zeros(64_000, np.float32), 0.0, 0, (), (glass(1.0),))

    tagger = FakeTagger.always({"Shatter": 0.9})
    stream = Short("scenes", Material(1), 0, 1 / 6)
    first = windows.kept(tmp_path, tagger, stream, Pooled())  # type: ignore[arg-type]
    again = windows.kept(tmp_path, tagger, stream, Pooled())  # type: ignore[arg-type]
    assert first.stops_s.tolist() == again.stops_s.tolist() == [2.0, 2.5, 3.0, 3.5, 4.0]
    assert again.truth == (glass(1.0),)
    assert again.scores[:, GLASS] == pytest.approx(0.9, abs=0.002)
    assert again.seconds == 4.0


def test_the_scored_classes_are_classes_of_the_table() -> None:
    assert set(CLASSES) <= set(EVERY)
