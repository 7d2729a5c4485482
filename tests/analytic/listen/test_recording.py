# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A file played as if it were heard now; the clock is made up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from analytic.errors import SourceFailed
from analytic.listen.address import read
from analytic.listen.recording import Recording
from tests.analytic.listen.conftest import is_like, tone
from tests.analytic.listen.media import encoded


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def wait(self, _event: threading.Event, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    def to(name: str, sound: np.ndarray, rate_hz: int = 16_000, **form: str) -> str:
        soundfile.write(tmp_path / name, sound, rate_hz, **form)
        return str(tmp_path / name)

    return to


def heard(recording: Recording) -> np.ndarray:
    return np.concatenate(list(recording.chunks(threading.Event())))


def test_each_piece_comes_when_its_last_sample_would_have_been_heard(write: Callable[..., str]) -> None:
    clock, path = Clock(), write("a.wav", tone(1.05))
    times, sizes = [], []
    for piece in Recording(read(path), clock=clock, wait=clock.wait).chunks(threading.Event()):
        times.append(clock.now - 100.0)
        sizes.append(piece.size)
    assert sizes == [1600] * 10 + [800]
    assert times == pytest.approx([*np.arange(1, 11) / 10, 1.05])


def test_a_listener_that_is_slow_for_a_moment_is_caught_up_with(write: Callable[..., str]) -> None:
    clock, path = Clock(), write("a.wav", tone(1.0))
    for number, _ in enumerate(Recording(read(path), clock=clock, wait=clock.wait).chunks(threading.Event())):
        clock.now += 0.35 if number == 1 else 0
    assert clock.now == pytest.approx(101.0)


def test_time_that_the_machine_slept_is_not_made_up_for(write: Callable[..., str]) -> None:
    clock, path = Clock(), write("a.wav", tone(2.0))
    for number, _ in enumerate(Recording(read(path), clock=clock, wait=clock.wait).chunks(threading.Event())):
        clock.now += 3600 if number == 4 else 0
    assert clock.now == pytest.approx(100 + 3600 + 0.5 + 1.4, abs=0.2)


def test_fast_waits_for_nothing(write: Callable[..., str]) -> None:
    clock = Clock()
    found = heard(Recording(read(write("a.wav", tone(5.0))), fast=True, clock=clock, wait=clock.wait))
    assert found.size == 80_000
    assert clock.now == 100.0


def test_a_loop_goes_on_without_a_gap_until_it_is_stopped(write: Callable[..., str]) -> None:
    stopping, path, pieces = threading.Event(), write("a.wav", tone(0.25)), []
    for piece in Recording(read(path), loop=True, fast=True).chunks(stopping):
        pieces.append(piece)
        if len(pieces) == 10:
            stopping.set()
    found = np.concatenate(pieces)
    assert np.allclose(found, np.tile(tone(0.25), 4), atol=1e-4)


def test_stopped_it_gives_nothing_more(write: Callable[..., str]) -> None:
    stopping = threading.Event()
    stopping.set()
    assert list(Recording(read(write("a.wav", tone(1.0)))).chunks(stopping)) == []


@pytest.mark.parametrize(
    ("name", "rate_hz", "subtype"),
    [("a.wav", 44_100, "PCM_24"), ("a.flac", 48_000, "PCM_16"), ("a.ogg", 48_000, "OPUS"), ("a.ogg", 22_050, "VORBIS")],
)
def test_formats_and_rates(write: Callable[..., str], name: str, rate_hz: int, subtype: str) -> None:
    stereo = np.stack([tone(2.0, rate_hz=rate_hz), np.zeros(2 * rate_hz, np.float32)], axis=1)
    found = heard(Recording(read(write(name, stereo, rate_hz, subtype=subtype)), fast=True))
    assert found.size == pytest.approx(32_000, abs=800)
    assert is_like(found, tone(2.0) / 2)


@pytest.mark.parametrize(("form", "codec"), [("mp4", "aac"), ("matroska", "libopus"), ("mp3", "mp3")])
def test_sound_in_other_containers_comes_through_pyav(tmp_path: Path, form: str, codec: str) -> None:
    (tmp_path / "a.bin").write_bytes(encoded(tone(2.0, rate_hz=48_000), form, codec))
    found = heard(Recording(read(str(tmp_path / "a.bin")), fast=True))
    assert found.size == pytest.approx(32_000, abs=2000)
    assert is_like(found[4000:], tone(2.0)[4000:], 15.0)  # codecs begin late, and softly


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Invalid data found"),
        (b"no sound at all, but some words " * 20, "Invalid data found"),
        (b"RIFF\x00\x00\x00\x00WAVE", "cannot be read"),
        (b"fLaC" + bytes(100), "cannot be read"),
    ],
)
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(SourceFailed, match=said):
        heard(Recording(read(str(tmp_path / "a.wav")), fast=True))


def test_a_file_without_a_sample_is_refused_also_in_a_loop(write: Callable[..., str]) -> None:
    with pytest.raises(SourceFailed, match="has no sound in it"):
        heard(Recording(read(write("a.wav", tone(0.0))), fast=True, loop=True))


def test_a_file_of_many_channels_is_refused(write: Callable[..., str]) -> None:
    with pytest.raises(SourceFailed, match="has 9 channels at 16000 Hz"):
        heard(Recording(read(write("a.wav", np.zeros((100, 9)))), fast=True))


def test_no_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="No such file"):
        heard(Recording(read(str(tmp_path / "none.wav"))))
    with pytest.raises(SourceFailed, match="is no file"):
        heard(Recording(read(str(tmp_path))))


def test_samples_that_are_no_numbers_become_silence(write: Callable[..., str]) -> None:
    sound = tone(0.2)
    sound[10] = np.nan
    found = heard(Recording(read(write("a.wav", sound, subtype="FLOAT")), fast=True))
    assert np.isfinite(found).all()
    assert found[10] == 0
