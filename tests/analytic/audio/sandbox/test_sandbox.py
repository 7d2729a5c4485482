# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Sound and refusals come out of the sandbox as they would without it; nothing is left of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from analytic.audio.bytes_at import Held
from analytic.audio.decode import AudioLimits, decode
from analytic.audio.sandbox.decoders import Here
from analytic.audio.sandbox.hatching import SandboxLimits
from analytic.audio.sandbox.sandbox import Sandbox
from analytic.audio.streams import StreamLimits, open_stream
from analytic.errors import (
    AudioTooLong,
    BadAudio,
    DecoderFailed,
    EmptyAudio,
    NotAudio,
    NotFinite,
    SampleRateOutOfRange,
    TooManyChannels,
    UnsupportedEncoding,
)
from tests.analytic.audio.sandbox.recorded import SOUND, has_ended, heard, nursery, process_of, taken, whole

Encode = Callable[..., bytes]
CLIPS = [("WAV", "PCM_16", 16_000), ("WAV", "FLOAT", 44_100), ("FLAC", "PCM_24", 48_000), ("OGG", "VORBIS", 44_100)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("form", "subtype", "rate_hz"), [*CLIPS, ("OGG", "OPUS", 48_000)])
def test_a_clip_is_the_same_as_when_it_is_decoded_here(
    sandbox: Sandbox, encode: Encode, form: str, subtype: str, rate_hz: int, channels: int
) -> None:
    content = encode(np.repeat(SOUND[:, None], channels, axis=1), rate_hz, form, subtype)
    inside, here = sandbox.decode(content, AudioLimits()), decode(content)
    np.testing.assert_array_equal(inside.clip.waveform, here.clip.waveform)
    facts = ("container", "encoding", "sample_rate_hz", "channels", "warnings")
    assert [getattr(inside, fact) for fact in facts] == [getattr(here, fact) for fact in facts]


def test_warnings_come_along(sandbox: Sandbox, encode: Encode) -> None:
    content = encode(SOUND, form="FLAC")[:-2_000]
    inside = sandbox.decode(content, AudioLimits())
    assert inside.warnings == decode(content).warnings
    assert "analysed as far as it goes" in inside.warnings[0]


def test_a_stream_is_the_same_as_when_it_is_decoded_here(sandbox: Sandbox, encode: Encode) -> None:
    content = encode(np.tile(SOUND, 20), 44_100, "FLAC")
    with sandbox.open(Held(content), StreamLimits()) as inside:
        about, sound, warnings = inside.about, whole(inside), inside.warnings
    here = open_stream(Held(content), StreamLimits())
    np.testing.assert_array_equal(sound, whole(here))
    assert (about, warnings) == (here.about, here.warnings)


CONTAINERS = [
    ("mp4", "aac", 48_000),
    ("webm", "libopus", 48_000),
    ("matroska", "libopus", 48_000),
    ("mp3", "mp3", 44_100),
    ("adts", "aac", 16_000),
    ("mov", "pcm_s16le", 16_000),
    ("avi", "pcm_s16le", 8_000),
    ("mpegts", "aac", 44_100),
    ("flv", "mp3", 44_100),
]


@pytest.mark.parametrize(("form", "codec", "rate_hz"), CONTAINERS)
def test_a_stream_of_a_video_container_is_the_same(sandbox: Sandbox, form: str, codec: str, rate_hz: int) -> None:
    pytest.importorskip("av", reason="sound in video containers needs the extra video")
    from tests.analytic.listen.media import encoded

    content = encoded(SOUND, form, codec, rate_hz)
    np.testing.assert_array_equal(heard(sandbox, content), heard(Here(), content))


def test_a_codec_that_would_start_threads_is_decoded_without_them(sandbox: Sandbox) -> None:
    pytest.importorskip("av", reason="WavPack needs the extra video")
    from benchmarks.fuzz.seeds import seeds

    content = seeds()["wv"]
    np.testing.assert_array_equal(heard(sandbox, content), heard(Here(), content))


Made = tuple[str, int, int, str | None, float]
REFUSED: dict[str, tuple[bytes | Made, AudioLimits, type[BadAudio]]] = {
    "another format": (b"%PDF-1.7", AudioLimits(), NotAudio),
    "nothing": (b"", AudioLimits(), EmptyAudio),
    "too long": (("WAV", 16_000, 1, None, 1.0), AudioLimits(max_duration_s=0.5), AudioTooLong),
    "too many channels": (("WAV", 16_000, 3, None, 1.0), AudioLimits(max_channels=2), TooManyChannels),
    "too high a rate": (("WAV", 200_000, 1, None, 1.0), AudioLimits(), SampleRateOutOfRange),
    "another encoding": (("WAV", 16_000, 1, "IMA_ADPCM", 1.0), AudioLimits(), UnsupportedEncoding),
    "no numbers": (("WAV", 16_000, 1, "FLOAT", np.nan), AudioLimits(), NotFinite),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_keeps_its_kind_and_its_facts(sandbox: Sandbox, encode: Encode, what: str) -> None:
    made, limits, kind = REFUSED[what]
    if isinstance(made, bytes):
        content = made
    else:
        form, rate_hz, channels, subtype, value = made
        content = encode(np.full((16_000, channels), 0.1) * value, rate_hz, form, subtype)
    with pytest.raises(kind) as inside:
        sandbox.decode(content, limits)
    with pytest.raises(kind) as here:
        decode(content, limits)
    assert str(inside.value) == str(here.value)
    assert vars(inside.value) == vars(here.value)


@pytest.mark.parametrize(
    ("content", "limits"),
    [(b"", StreamLimits()), (b"%PDF-1.7", StreamLimits()), (None, StreamLimits(max_duration_s=1.0))],
)
def test_a_stream_s_refusal_keeps_its_kind_and_its_facts(
    sandbox: Sandbox, encode: Encode, content: bytes | None, limits: StreamLimits
) -> None:
    content = encode(SOUND) if content is None else content
    errors = []
    for decoders in (sandbox, Here()):
        with pytest.raises(BadAudio) as found:
            heard(decoders, content, limits)
        errors.append(found.value)
    assert type(errors[0]) is type(errors[1])
    assert vars(errors[0]) == vars(errors[1])


def test_each_recording_is_served_by_another_process_and_none_is_left(
    sandbox: Sandbox, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encode(SOUND)
    with taken(monkeypatch) as handles:
        seen = []
        for _ in range(5):
            sandbox.decode(content, AudioLimits())
            heard(sandbox, content)
        with sandbox.open(Held(content), StreamLimits()):
            seen.append(process_of(handles[-1]))
        with sandbox.open(Held(content), StreamLimits()):
            seen.append(process_of(handles[-1]))
        assert len(handles) == 12
        assert all(map(has_ended, handles))
    assert len({*seen, os.getpid(), nursery(sandbox).pid}) == 4


def test_a_stream_that_is_left_before_its_end_leaves_no_process(
    sandbox: Sandbox, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    with taken(monkeypatch) as handles:
        with sandbox.open(Held(encode(np.tile(SOUND, 50))), StreamLimits()) as stream:
            next(iter(stream.blocks))
        assert has_ended(handles[0])


class Failing(Held):
    """Bytes that cannot be read after the first."""

    def read_at(self, offset: int, count: int) -> bytes:
        if offset:
            raise TimeoutError("nobody answers")
        return super().read_at(offset, min(count, 1_000))


def test_what_reading_raises_comes_through_and_no_process_is_left(
    sandbox: Sandbox, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    with taken(monkeypatch) as handles:
        with pytest.raises(TimeoutError, match="nobody answers"):
            heard(sandbox, Failing(encode(np.tile(SOUND, 50))))
        assert has_ended(handles[0])


def test_16_threads_decode_at_once(sandbox: Sandbox, encode: Encode) -> None:
    sounds: list[NDArray[np.float32]] = [(SOUND * share).astype(np.float32) for share in np.linspace(0.1, 1, 16)]
    contents = [encode(sound, subtype="FLOAT") for sound in sounds]
    together = threading.Barrier(16)

    def both(number: int) -> bool:
        together.wait(30)
        clip = sandbox.decode(contents[number], AudioLimits()).clip.waveform
        return np.array_equal(clip, sounds[number]) and np.array_equal(heard(sandbox, contents[number]), sounds[number])

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(both, range(16)))


class Ending(Held):
    """Bytes during whose reading the decoder is ended."""

    def __init__(self, content: bytes, end: Callable[[], None], first: int) -> None:
        super().__init__(content)
        self._end, self._left = end, first

    def read_at(self, offset: int, count: int) -> bytes:
        self._left -= 1
        if self._left == 0:
            self._end()
        return super().read_at(offset, min(count, 1_000))


@pytest.mark.parametrize("reads", [1, 2, 5, 40])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_decoder_that_is_ended_is_told_and_the_next_recording_is_heard(
    sandbox: Sandbox, encode: Encode, monkeypatch: pytest.MonkeyPatch, how: signal.Signals, reads: int
) -> None:
    content = encode(np.tile(SOUND, 2))
    with taken(monkeypatch) as handles:
        ending = Ending(content, lambda: signal.pidfd_send_signal(handles[0], how), reads)
        with pytest.raises(DecoderFailed, match="has ended"):
            heard(sandbox, ending)
    np.testing.assert_array_equal(heard(sandbox, content), heard(Here(), content))


def test_a_nursery_that_is_killed_is_started_anew(encode: Encode, caplog: pytest.LogCaptureFixture) -> None:
    with Sandbox(SandboxLimits(ready=1)) as sandbox:
        for _ in range(3):
            sandbox.decode(encode(SOUND), AudioLimits())
            first = nursery(sandbox)
            first.kill()
            first.wait(10)
            for _ in range(2):  # the decoder that it had made ready may still do its work
                assert sandbox.decode(encode(SOUND), AudioLimits()).clip.waveform.size == SOUND.size
            assert nursery(sandbox).pid != first.pid
        assert len(caplog.records) == 3


def test_a_recording_goes_on_when_the_nursery_is_killed(encode: Encode) -> None:
    content = encode(np.tile(SOUND, 20))
    with Sandbox(SandboxLimits(ready=1)) as sandbox:
        killed = Ending(content, lambda: nursery(sandbox).kill(), 5)
        np.testing.assert_array_equal(heard(sandbox, killed), heard(Here(), content))


def test_closing_leaves_no_process_and_decodes_no_more(encode: Encode) -> None:
    sandbox = Sandbox(SandboxLimits(ready=3))
    sandbox.decode(encode(SOUND), AudioLimits())
    first = nursery(sandbox)
    every = [first, *first.children(recursive=True)]
    sandbox.close()
    _, alive = psutil.wait_procs(every, timeout=10)
    assert not alive
    with pytest.raises(DecoderFailed, match="stopping"):
        sandbox.decode(encode(SOUND), AudioLimits())
    sandbox.close()


def test_closing_lets_a_recording_end(encode: Encode) -> None:
    content = encode(np.tile(SOUND, 20))
    sandbox = Sandbox(SandboxLimits(ready=1))
    try:
        closing = Ending(content, sandbox.close, 5)
        np.testing.assert_array_equal(heard(sandbox, closing), heard(Here(), content))
    finally:
        sandbox.close()


def test_the_nursery_knows_no_settings_and_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN__HTTP__TOKEN", "a-secret")
    monkeypatch.setenv("MQTT_PASSWORD", "another")
    with Sandbox(SandboxLimits(ready=1)) as sandbox:
        told = nursery(sandbox).environ()
    assert not [name for name in told if "HEARKEN" in name or "PASSWORD" in name]
    assert not {"a-secret", "another"} & set(told.values())
    assert "PATH" in told


class Looking(Held):
    """Bytes during whose first reading somebody looks at the decoder, which waits for them."""

    def __init__(self, content: bytes, look: Callable[[], None]) -> None:
        super().__init__(content)
        self._look: Callable[[], None] | None = look

    def read_at(self, offset: int, count: int) -> bytes:
        if self._look is not None:
            look, self._look = self._look, None
            look()
        return super().read_at(offset, count)


def test_a_decoder_at_work_has_no_room_for_files_processes_and_core_dumps(
    sandbox: Sandbox, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: dict[str, list[str]] = {}
    facts: dict[str, str] = {}

    def look() -> None:
        folder = Path(f"/proc/{process_of(handles[0])}")
        for line in (folder / "limits").read_text(encoding="ascii").splitlines():
            limits[line[:26].strip()] = line[26:].split()[:2]
        for line in (folder / "status").read_text(encoding="utf-8").splitlines():
            facts[line.split(":")[0]] = line.split(":")[1].strip()

    with taken(monkeypatch) as handles:
        heard(sandbox, Looking(encode(SOUND), look))
    for name in ("Max file size", "Max core file size", "Max open files", "Max processes"):
        assert limits[name] == ["0", "0"]
    assert limits["Max cpu time"] == ["3600", "3600"]
    assert 512 << 20 < int(limits["Max address space"][1]) < 4 << 30
    assert facts["NoNewPrivs"] == "1"
    assert facts["Threads"] == "1"
    assert facts["Seccomp"] == "2"
    if os.geteuid() == 0:
        assert facts["Uid"].split() == ["65534"] * 4
        assert int(facts["CapEff"], 16) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may see what a decoder has open")
def test_a_decoder_has_nothing_open_but_its_socket(
    sandbox: Sandbox, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []

    def look() -> None:
        folder = Path(f"/proc/{process_of(handles[0])}/fd")
        found.extend(str(one.readlink()) for one in folder.iterdir())

    with taken(monkeypatch) as handles:
        heard(sandbox, Looking(encode(SOUND), look))
    assert sorted(one.partition(":")[0] for one in found) == ["/dev/null"] * 3 + ["socket"]
