# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.recordings import load, read_manifest


def test_a_row_becomes_a_recording(tmp_path: Path) -> None:
    head = "path,audioset_mids,split,group,part\n"
    (tmp_path / "manifest.csv").write_text(
        head + "a.wav,/m/09x0r;/m/05tny_,val,g,2\nb.wav,,train,,\n", encoding="utf-8"
    )
    first, second = read_manifest(tmp_path)
    assert (first.path, first.classes, first.split, first.group, first.part) == (
        tmp_path / "a.wav",
        (0, 75),
        "val",
        "g",
        "2",
    )
    assert (second.classes, second.group, second.part) == ((), "b.wav", "")


def test_an_unknown_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,audioset_mids,split\na.wav,/m/nothing,val\n", encoding="utf-8")
    with pytest.raises(KeyError):
        read_manifest(tmp_path)


@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (48_000, 2)])
def test_a_file_becomes_a_mono_waveform_at_16_khz(tmp_path: Path, rate_hz: int, channels: int) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz)
    soundfile.write(tmp_path / "tone.wav", np.stack([tone] * channels, axis=1), rate_hz)
    waveform = load(tmp_path / "tone.wav")
    assert (waveform.shape, waveform.dtype) == ((16_000,), np.dtype(np.float32))
    assert np.abs(np.fft.rfft(waveform)).argmax() == 440
