# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A microphone behind a made-up `sounddevice`; no sound card is needed."""

from __future__ import annotations

import builtins
import sys
import threading
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from analytic.errors import ExtraMissing, SourceFailed
from analytic.listen import microphone as module
from analytic.listen.address import read
from analytic.listen.microphone import Microphone
from tests.analytic.listen.conftest import gather, is_like, tone


class PortAudioError(Exception):
    pass


class FakeSoundDevice(ModuleType):
    """One device, which takes what is in `forms`; its stream calls back with `sound` at once."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.forms: set[tuple[float, int]] = {(16_000, 1)}
        self.sound = tone(1.0)[:, None]
        self.asked: list[Any] = []
        self.open = 0
        self.device: dict[str, Any] = {"max_input_channels": 2, "default_samplerate": 48_000.0}

    def query_devices(self, device: Any, kind: str) -> dict[str, Any]:
        self.asked.append(device)
        if device == "nothing":
            raise ValueError("No input device matching 'nothing'")
        if device == 9:
            raise PortAudioError("Error querying device 9")
        return self.device

    def check_input_settings(self, device: Any, channels: int, dtype: str, *, samplerate: float) -> None:
        if (samplerate, channels) not in self.forms:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")

    def InputStream(self, *, blocksize: int, channels: int, callback: Any, **more: Any) -> Any:  # noqa: N802
        fake = self

        class Stream:
            def __enter__(self) -> None:
                fake.open += 1
                buffer = np.empty((blocksize, channels), np.float32)  # PortAudio uses one again and again
                for start in range(0, len(fake.sound) - blocksize + 1, blocksize):
                    buffer[:] = fake.sound[start : start + blocksize]
                    callback(buffer, blocksize, None, None)
                buffer[:] = 0

            def __exit__(self, *_: object) -> None:
                fake.open -= 1

        return Stream()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeSoundDevice:
    made = FakeSoundDevice()
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    monkeypatch.setattr(module, "_LOOK_S", 0.01)
    return made


def heard(address: str = "mic:") -> np.ndarray:
    """All that comes before the device falls silent."""
    pieces: list[Any] = []
    with pytest.raises(SourceFailed, match="gives no more sound"):
        gather(Microphone(read(address), silence_s=0.03).chunks(threading.Event()), pieces)
    return np.concatenate(pieces)


def test_a_device_that_takes_16_khz_mono_is_asked_for_it(fake: FakeSoundDevice) -> None:
    assert np.array_equal(heard(), tone(1.0))
    assert fake.open == 0


def test_another_is_resampled_and_mixed(fake: FakeSoundDevice) -> None:
    fake.forms = {(48_000.0, 2)}
    fake.sound = np.stack([tone(2.0, rate_hz=48_000), np.zeros(96_000, np.float32)], axis=1)
    assert is_like(heard(), tone(2.0) / 2)


@pytest.mark.parametrize(("address", "device"), [("mic:", None), ("mic:3", 3), ("mic:USB Audio", "USB Audio")])
def test_a_device_is_named_or_numbered(fake: FakeSoundDevice, address: str, device: Any) -> None:
    heard(address)
    assert fake.asked == [device]


def test_when_nobody_takes_the_blocks_the_callback_leaves_them_out_and_never_waits(fake: FakeSoundDevice) -> None:
    fake.sound = tone(20.0)[:, None]  # all of it comes before the first block is taken
    assert heard().size == 5 * 16_000


def test_stopped_it_closes_the_device(fake: FakeSoundDevice) -> None:
    stopping, count = threading.Event(), 0
    for _ in Microphone(read("mic:")).chunks(stopping):
        count += 1
        assert fake.open == 1
        stopping.set()
    assert (count, fake.open) == (1, 0)


def test_devices_that_are_not_there_are_refused(fake: FakeSoundDevice) -> None:
    for address, said in [("mic:nothing", "No input device matching"), ("mic:9", "Error querying device 9")]:
        with pytest.raises(SourceFailed, match=said):
            list(Microphone(read(address)).chunks(threading.Event()))


def test_a_device_that_takes_no_form_is_refused(fake: FakeSoundDevice) -> None:
    fake.forms = set()
    with pytest.raises(SourceFailed, match="takes none of 16000 Hz x 1, 16000 Hz x 2, 48000 Hz x 1"):
        list(Microphone(read("mic:")).chunks(threading.Event()))


@pytest.mark.parametrize(
    ("raised", "expected", "said"),
    [
        (ImportError("No module named 'sounddevice'"), ExtraMissing, "needs the extra microphone"),
        (OSError("PortAudio library not found"), SourceFailed, "PortAudio library not found; on Debian"),
    ],
)
def test_a_missing_package_and_a_missing_library_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, expected: type[Exception], said: str
) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any, **others: Any) -> Any:
        if name == "sounddevice":
            raise raised
        return real(name, *more, **others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(expected, match=said):
        list(Microphone(read("mic:")).chunks(threading.Event()))
