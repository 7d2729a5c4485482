# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from anonymizers.gate import pack

HEAD = "path,audioset_labels,split,fold\n"


def packed(folder: Path, rows: list[tuple[str, str]], rate_hz: int = 16_000) -> Path:
    (folder / "manifest.csv").write_text(
        HEAD + "".join(f"clips/some/kind/{name},{labels},train,3\n" for name, labels in rows), encoding="utf-8"
    )
    (folder / "clips/some/kind").mkdir(parents=True)
    for name, _ in rows:
        soundfile.write(folder / "clips/some/kind" / name, np.full((1000, 2), 0.25), rate_hz)
    return folder


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ("Speech;Male speech, man speaking", "speech"),
        ("Whispering", "speech"),
        ("Crowd;Speech", "speech"),
        ("Singing;Music", "singing"),
        ("Laughter;Crowd", "unsure"),
        ("Screaming", "scream"),
        ("Baby cry, infant cry;Crying, sobbing", "baby_cry"),
        ("Rain;Water", "other"),
        ("", "other"),
    ],
)
def test_labels_say_what_a_clip_counts_as(labels: str, kind: str) -> None:
    assert pack.kind_of(frozenset(labels.split(";"))) == kind


def test_recordings_are_read_with_what_the_manifest_says_of_them(tmp_path: Path) -> None:
    (sound,) = pack.read(packed(tmp_path, [("bark.wav", "Bark;Dog")]))
    assert (sound.kind, sound.source, sound.name, sound.split, sound.fold) == (
        "dog_bark",
        "some/kind",
        "bark.wav",
        "train",
        3,
    )
    assert sound.waveform.dtype == np.float32
    assert sound.waveform == pytest.approx(np.full(1000, 0.25), abs=1e-4)
    assert not sound.is_overheard


def test_recordings_in_which_speech_was_overheard_are_known_by_name(tmp_path: Path) -> None:
    named = pack.OVERHEARD.read_text("utf-8").splitlines()[1].partition("\t")[0]
    folder = packed(tmp_path, [(named.replace(".ogg", ".wav"), "Rain"), ("rain.wav", "Rain")])
    manifest = (folder / "manifest.csv").read_text("utf-8").replace(named.replace(".ogg", ".wav"), named)
    (folder / "manifest.csv").write_text(manifest, encoding="utf-8")
    (folder / "clips/some/kind" / named.replace(".ogg", ".wav")).rename(folder / "clips/some/kind" / named)
    assert [sound.is_overheard for sound in pack.read(folder)] == [True, False]


def test_recordings_of_another_rate_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"rain\.wav has 8000 Hz, expected 16000"):
        pack.read(packed(tmp_path, [("rain.wav", "Rain")], rate_hz=8000))
