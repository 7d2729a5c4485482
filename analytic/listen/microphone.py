# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A microphone of this machine, through PortAudio (the extra `microphone`).

PortAudio's callback must return at once: it copies the block into a bounded queue, and beyond that leaves it out. A
device that gives no more blocks, because it was unplugged, has failed.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import SAMPLE_RATE_HZ
from analytic.audio.mixing import Mixer
from analytic.errors import ExtraMissing, SourceFailed
from analytic.listen.address import Address

_LOG = logging.getLogger(__name__)
_LOOK_S = 0.1
_BLOCKS_A_SECOND = 20
_MOST_BLOCKS = 5 * _BLOCKS_A_SECOND


class Microphone:
    """A microphone.

    Parameters
    ----------
    address
        Names the device, or gives its number; neither for the default one.
    silence_s
        How long no block may come.
    """

    kind = "microphone"

    def __init__(self, address: Address, *, silence_s: float = 5.0) -> None:
        self._address = address
        self._silence_s = silence_s

    def chunks(self, stopping: threading.Event) -> Iterator[NDArray[np.float32]]:
        """Yield what it hears, as `SoundSource.chunks` says."""
        library = _library(self._address)
        blocks: queue.SimpleQueue[NDArray[np.float32]] = queue.SimpleQueue()

        def take(block: NDArray[np.float32], _frames: int, _time: Any, _status: Any) -> None:
            if blocks.qsize() < _MOST_BLOCKS:
                blocks.put(block.copy())

        try:
            device, rate_hz, channels = self._form(library)
            stream = library.InputStream(
                samplerate=rate_hz,
                blocksize=round(rate_hz / _BLOCKS_A_SECOND),
                device=device,
                channels=channels,
                dtype="float32",
                callback=take,
            )
            with stream:
                _LOG.info("a microphone is open", extra={"device": self._address.shown, "rate_hz": rate_hz})
                yield from self._heard(blocks, Mixer(rate_hz), stopping)
        except (library.PortAudioError, ValueError) as error:
            raise SourceFailed(self._address.shown, " ".join(str(error).split())) from error

    def _form(self, library: Any) -> tuple[int | str | None, float, int]:
        """Return the device, and the sample rate and channels to ask it for: 16 000 Hz mono where it can."""
        target = self._address.target
        device = int(target) if target.isdecimal() else target or None
        found = library.query_devices(device, "input")
        channels = min(2, int(found["max_input_channels"]))
        forms = [(rate, count) for rate in (SAMPLE_RATE_HZ, found["default_samplerate"]) for count in (1, channels)]
        for rate_hz, count in forms:
            try:
                library.check_input_settings(device, count, "float32", samplerate=rate_hz)
            except library.PortAudioError:
                continue
            return device, rate_hz, count
        raise ValueError(f"takes none of {', '.join(f'{rate:g} Hz x {count}' for rate, count in forms)}")

    def _heard(
        self, blocks: queue.SimpleQueue[NDArray[np.float32]], mixer: Mixer, stopping: threading.Event
    ) -> Iterator[NDArray[np.float32]]:
        waited = 0
        while not stopping.is_set():
            try:
                block = blocks.get(timeout=_LOOK_S)
            except queue.Empty:
                waited += 1
                if waited * _LOOK_S >= self._silence_s:
                    raise SourceFailed(self._address.shown, "gives no more sound; was it unplugged?") from None
                continue
            waited = 0
            samples = mixer.push(block)
            if samples.size:
                yield samples


def _library(address: Address) -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise ExtraMissing("a microphone", "microphone") from error
    except OSError as error:
        reason = f"{error}; on Debian and Ubuntu: apt-get install libportaudio2"
        raise SourceFailed(address.shown, reason) from error
    return sounddevice
