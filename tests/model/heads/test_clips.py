# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest

from model.heads.clips import ALARMS, NEGATIVE, POSITIVE, UNKNOWN, members, read_clips, status
from model.labels import find


@pytest.mark.parametrize(
    ("alarm", "labels", "expected"),
    [
        ("glass_break", {"Shatter"}, POSITIVE),
        ("glass_break", {"Breaking", "Glass"}, POSITIVE),
        ("glass_break", {"Chink, clink", "Glass"}, NEGATIVE),
        ("glass_break", {"Breaking"}, UNKNOWN),
        ("scream", {"Screaming"}, POSITIVE),
        ("scream", {"Shout"}, UNKNOWN),
        ("scream", {"Baby cry, infant cry"}, NEGATIVE),
        ("explosion", {"Explosion", "Fireworks"}, POSITIVE),
        ("explosion", {"Explosion", "Gunshot, gunfire"}, UNKNOWN),
        ("gunshot", {"Explosion", "Gunshot, gunfire"}, POSITIVE),
        ("distress", {"Crying, sobbing"}, POSITIVE),
        ("distress", {"Crying, sobbing", "Baby cry, infant cry"}, UNKNOWN),
        ("fire", set(), NEGATIVE),
    ],
)
def test_what_labels_mean(alarm: str, labels: set[str], expected: int) -> None:
    assert status(frozenset(labels))[list(ALARMS).index(alarm)] == expected


def test_every_label_in_the_table_exists() -> None:
    for alarm in ALARMS.values():
        assert all(find(name) for name in (*alarm.any_of, *alarm.all_of, *alarm.but, *alarm.doubtful))


def test_each_alarm_has_members() -> None:
    assert members().any(axis=1).all()


def test_a_manifest_is_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(
        "path,audioset_labels,split,group,fold,part\n"
        'clips/home/glass/a.ogg,"Shatter;Breaking;Glass",train,g1,3,1\nclips/home/none/b.ogg,,val,g2,1,2\n'
    )
    first, second = read_clips(tmp_path)
    assert (first.source, first.fold, first.group, first.split, first.part) == ("home", 3, "g1", "train", "1")
    assert first.labels == {"Shatter", "Breaking", "Glass"}
    assert not second.labels


def test_a_class_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(
        "path,audioset_labels,split,group,fold,part\nclips/a/b,No such,train,g,1,1\n"
    )
    with pytest.raises(KeyError, match="No such"):
        read_clips(tmp_path)


def test_no_recording_of_the_pack_straddles_the_split_and_no_alarm_a_fold(audio_pack: Path) -> None:
    splits: dict[str, set[str]] = {}
    folds: dict[str, set[int]] = {}
    alarms = set()
    for clip in read_clips(audio_pack):
        splits.setdefault(clip.group, set()).add(clip.split)
        folds.setdefault(clip.group, set()).add(clip.fold)
        if (status(clip.labels) == POSITIVE).any():
            alarms.add(clip.group)
    assert all(len(found) == 1 for found in splits.values())
    assert all(len(folds[group]) == 1 for group in alarms)
