# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What is accepted, and what comes out of it; lying and damaged files are in test_decode_damaged.py."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from analytic.audio.decode import AudioLimits, Decoded, decode
from analytic.errors import (
    AudioTooLong,
    EmptyAudio,
    NotAudio,
    NotFinite,
    SampleRateOutOfRange,
    TooManyChannels,
    UnsupportedEncoding,
)

Encode = Callable[..., bytes]
Signal = NDArray[np.float64]

SECONDS = 2
RATES = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000]


def tone(rate_hz: int, seconds: float = SECONDS, hz: float = 1_000, level: float = 0.5) -> Signal:
    return level * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)


def loudest_hz(waveform: NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(waveform.size)))
    return float(spectrum.argmax() * 16_000 / waveform.size)


def level_db(waveform: NDArray[np.floating]) -> float:
    middle = waveform[waveform.size // 4 : -waveform.size // 4]
    return float(10 * np.log10(np.mean(middle.astype(np.float64) ** 2)))


def is_a_clip(decoded: Decoded) -> bool:
    waveform = decoded.clip.waveform
    return (
        waveform.dtype == np.float32
        and waveform.ndim == 1
        and waveform.size >= 1
        and bool(np.isfinite(waveform).all())
        and float(np.abs(waveform).max()) <= 1.0
    )


@pytest.mark.parametrize(
    ("form", "subtype", "kind", "step"),
    [
        ("WAV", "PCM_U8", "WAV", 2**-7),
        ("WAV", "PCM_16", "WAV", 2**-15),
        ("WAV", "PCM_24", "WAV", 2**-23),
        ("WAV", "PCM_32", "WAV", 2**-23),
        ("WAV", "FLOAT", "WAV", 2**-24),
        ("WAV", "DOUBLE", "WAV", 2**-24),
        ("WAV", "ULAW", "WAV", 0.04),
        ("WAV", "ALAW", "WAV", 0.04),
        ("WAVEX", "PCM_16", "WAV", 2**-15),
        ("WAVEX", "PCM_24", "WAV", 2**-23),
        ("WAVEX", "FLOAT", "WAV", 2**-24),
        ("FLAC", "PCM_S8", "FLAC", 2**-7),
        ("FLAC", "PCM_16", "FLAC", 2**-15),
        ("FLAC", "PCM_24", "FLAC", 2**-23),
    ],
)
def test_a_lossless_encoding_comes_back_within_its_step(
    encode: Encode, form: str, subtype: str, kind: str, step: float
) -> None:
    signal = tone(16_000)
    decoded = decode(encode(signal, form=form, subtype=subtype))
    assert (decoded.container, decoded.encoding, decoded.sample_rate_hz, decoded.channels) == (kind, subtype, 16_000, 1)
    assert decoded.warnings == ()
    assert is_a_clip(decoded)
    assert decoded.clip.waveform.size == signal.size
    assert np.abs(decoded.clip.waveform - signal).max() <= step


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_a_lossy_encoding_keeps_pitch_level_and_length(encode: Encode, subtype: str) -> None:
    signal = tone(48_000)
    decoded = decode(encode(signal, 48_000, "OGG", subtype))
    assert (decoded.container, decoded.encoding) == ("Ogg", subtype)
    assert decoded.warnings == ()
    assert is_a_clip(decoded)
    assert abs(decoded.clip.waveform.size - SECONDS * 16_000) <= 2
    assert loudest_hz(decoded.clip.waveform) == pytest.approx(1_000, abs=1)
    assert level_db(decoded.clip.waveform) == pytest.approx(level_db(signal), abs=0.3)


@pytest.mark.parametrize(
    "form",
    ["AIFF", "AU", "AVR", "CAF", "HTK", "SVX", "MAT4", "MAT5", "MP3", "PAF", "PVF", "RF64", "VOC", "W64", "NIST"],
)
def test_the_other_containers_that_the_library_would_open_are_refused(encode: Encode, form: str) -> None:
    with pytest.raises(NotAudio, match=r"expected WAV, FLAC or Ogg \(Vorbis, Opus\), found "):
        decode(encode(np.zeros(16_000), form=form))


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32", "NMS_ADPCM_16"])
def test_other_encodings_in_wav_are_refused_by_name(encode: Encode, subtype: str) -> None:
    content = encode(np.zeros(8_000), 8_000, "WAV", subtype)
    with pytest.raises(UnsupportedEncoding, match=f"{subtype} in WAV"):
        decode(content)


def test_mp3_within_wav_is_refused(encode: Encode) -> None:
    changed = bytearray(encode(np.zeros(16_000)))
    changed[20:22] = struct.pack("<H", 0x55)
    with pytest.raises((UnsupportedEncoding, NotAudio)):
        decode(bytes(changed))


def test_flac_within_ogg_is_refused(encode: Encode) -> None:
    content = encode(np.zeros(16_000), form="FLAC")
    first = b"\x7fFLAC\x01\x00\x00\x01" + content[:42]
    page = bytearray(b"OggS\0\x02" + bytes(8) + b"SIRI" + bytes(4) + bytes(4) + bytes([1, len(first)]) + first)
    page[22:26] = struct.pack("<I", _ogg_checksum(page))
    with pytest.raises((UnsupportedEncoding, NotAudio)):
        decode(bytes(page))


def _ogg_checksum(page: bytes | bytearray) -> int:
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1 ^ 0x04C11DB7 if checksum & 0x80000000 else checksum << 1) & 0xFFFFFFFF
    return checksum


@pytest.mark.parametrize("form", ["WAV", "FLAC"])
@pytest.mark.parametrize("channels", range(1, 9))
def test_channels_are_mixed_to_their_mean(encode: Encode, noise: NDArray[np.float32], form: str, channels: int) -> None:
    signal = np.stack([noise[at * 1_000 : at * 1_000 + 16_000] for at in range(channels)], axis=1)
    content = encode(signal, form=form, subtype="PCM_24")
    decoded = decode(content)
    assert decoded.channels == channels
    stored, _ = soundfile.read(io.BytesIO(content), always_2d=True)
    np.testing.assert_allclose(decoded.clip.waveform, stored.mean(axis=1), rtol=0, atol=2**-25)


def test_the_mean_of_exact_values_is_exact(encode: Encode) -> None:
    signal = np.tile([0.5, -0.25, 0.125, 0.125], (1_000, 1))
    assert (decode(encode(signal, subtype="FLOAT")).clip.waveform == np.float32(0.125)).all()


@pytest.mark.parametrize("channels", [9, 64])
def test_more_than_8_channels_are_refused(encode: Encode, channels: int) -> None:
    with pytest.raises(TooManyChannels, match=f"^Too many channels: at most 8 are mixed, found {channels}$"):
        decode(encode(np.zeros((100, channels))))


def test_the_channel_limit_is_a_setting(encode: Encode) -> None:
    content = encode(np.zeros((100, 3)))
    assert decode(content, AudioLimits(max_channels=3)).channels == 3
    with pytest.raises(TooManyChannels, match="at most 2 are mixed, found 3"):
        decode(content, AudioLimits(max_channels=2))


@pytest.mark.parametrize("form", ["WAV", "FLAC"])
@pytest.mark.parametrize("rate_hz", RATES)
def test_resampling_keeps_pitch_level_and_length(encode: Encode, form: str, rate_hz: int) -> None:
    signal = tone(rate_hz)
    decoded = decode(encode(signal, rate_hz, form, "PCM_24"))
    assert decoded.sample_rate_hz == rate_hz
    assert is_a_clip(decoded)
    assert abs(decoded.clip.waveform.size - SECONDS * 16_000) <= 1
    assert loudest_hz(decoded.clip.waveform) == pytest.approx(1_000, abs=1)
    assert level_db(decoded.clip.waveform) == pytest.approx(level_db(signal), abs=0.1)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 192_000])
def test_what_16_khz_cannot_hold_does_not_fold_back(encode: Encode, rate_hz: int) -> None:
    decoded = decode(encode(tone(rate_hz, hz=11_000), rate_hz, subtype="FLOAT"))
    assert level_db(decoded.clip.waveform) < -80


@pytest.mark.parametrize("seconds", [0.9, 5.7])
def test_the_borders_of_blocks_leave_no_trace(encode: Encode, seconds: float) -> None:
    signal = tone(48_000, seconds, hz=440)
    waveform = decode(encode(signal, 48_000, "FLAC", "PCM_24")).clip.waveform
    expected = tone(16_000, seconds, hz=440)[: waveform.size]
    middle = slice(800, expected.size - 800)
    assert np.abs(waveform[: expected.size][middle] - expected[middle]).max() < 1e-3


@pytest.mark.parametrize("rate_hz", [1, 4_000, 7_999, 192_001, 384_000])
def test_other_rates_are_refused(encode: Encode, rate_hz: int) -> None:
    with pytest.raises(
        SampleRateOutOfRange, match=f"^Sample rate out of range: 8000 to 192000 Hz are accepted, found {rate_hz} Hz$"
    ):
        decode(encode(np.zeros(100), rate_hz))


def test_the_rate_limits_are_settings(encode: Encode) -> None:
    limits = AudioLimits(min_sample_rate_hz=16_000, max_sample_rate_hz=16_000)
    assert decode(encode(np.zeros(100)), limits).sample_rate_hz == 16_000
    with pytest.raises(SampleRateOutOfRange):
        decode(encode(np.zeros(100), 8_000), limits)


def test_a_rate_of_2_31_minus_1_is_refused(encode: Encode) -> None:
    changed = bytearray(encode(np.zeros(100)))
    changed[24:28] = struct.pack("<I", 2**31 - 1)
    with pytest.raises((SampleRateOutOfRange, NotAudio)):
        decode(bytes(changed))


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_with_its_place(encode: Encode, subtype: str, value: float) -> None:
    signal = np.zeros((48_000, 2))
    signal[24_000, 1] = value
    with pytest.raises(NotFinite, match=r"^Audio not finite: NaN or Inf near 1\.500 s$") as refusal:
        decode(encode(signal, subtype=subtype))
    assert refusal.value.at_s == 1.5


def test_the_place_is_right_in_a_later_block(encode: Encode) -> None:
    signal = np.zeros(400_000)
    signal[320_000] = np.nan
    with pytest.raises(NotFinite, match=r"near 20\.000 s"):
        decode(encode(signal, subtype="FLOAT"))


def test_a_double_that_no_float_holds_is_not_finite(encode: Encode) -> None:
    with pytest.raises(NotFinite):
        decode(encode(np.array([0.0, 1e300]), subtype="DOUBLE"))


def test_peaks_over_full_scale_are_clipped_and_told(encode: Encode) -> None:
    signal = np.array([0.5, 1.5, -2.0, 1.0, -1.0, 0.25])
    decoded = decode(encode(signal, subtype="FLOAT"))
    np.testing.assert_array_equal(decoded.clip.waveform, np.array([0.5, 1, -1, 1, -1, 0.25], np.float32))
    assert decoded.warnings == ("2 samples outside -1..1 were clipped",)


def test_peaks_that_the_mix_takes_away_are_not_said_to_be_clipped(encode: Encode) -> None:
    decoded = decode(encode(np.tile([1.5, -0.5], (100, 1)), subtype="FLOAT"))
    assert (decoded.clip.waveform == np.float32(0.5)).all()
    assert decoded.warnings == ()


def test_full_scale_is_not_clipping(encode: Encode) -> None:
    assert decode(encode(np.array([1.0, -1.0] * 100), subtype="FLOAT")).warnings == ()


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_a_square_wave_at_full_scale_stays_within_bounds(encode: Encode, rate_hz: int) -> None:
    signal = np.sign(tone(rate_hz, hz=999) + 1e-9)
    assert is_a_clip(decode(encode(signal, rate_hz, subtype="FLOAT")))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000, 192_000])
def test_one_frame_is_a_clip_of_at_least_one_sample(encode: Encode, rate_hz: int) -> None:
    for form in ("WAV", "FLAC"):
        assert is_a_clip(decode(encode(np.array([0.5]), rate_hz, form)))


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG"])
def test_no_frame_is_empty(encode: Encode, form: str) -> None:
    with pytest.raises(EmptyAudio, match=r"^Empty audio: not one whole frame in \d+ bytes$"):
        decode(encode(np.zeros(0), form=form))


def test_half_a_frame_is_empty(encode: Encode) -> None:
    content = encode(np.zeros((1, 2)))
    with pytest.raises(EmptyAudio):
        decode(content[:-1])


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG"])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_the_limit_itself_is_accepted_and_one_frame_more_is_not(encode: Encode, form: str, rate_hz: int) -> None:
    limits = AudioLimits(max_duration_s=1.0)
    assert decode(encode(np.zeros(rate_hz), rate_hz, form), limits).clip.duration_s == pytest.approx(1.0, abs=1e-4)
    with pytest.raises(AudioTooLong) as refusal:
        decode(encode(np.zeros(rate_hz + 1), rate_hz, form), limits)
    assert refusal.value.limit_s == 1.0
    assert refusal.value.found_s > 1.0


def test_the_refusal_of_a_long_sound_names_limit_and_found(encode: Encode) -> None:
    with pytest.raises(AudioTooLong, match=r"at most 600 s .* found 601 s"):
        decode(encode(np.zeros(8_000 * 601, np.int16), 8_000, "FLAC"))


def test_decoding_is_the_same_twice(encode: Encode, noise: NDArray[np.float32]) -> None:
    content = encode(noise, 44_100, "FLAC")
    np.testing.assert_array_equal(decode(content).clip.waveform, decode(content).clip.waveform)


def test_the_bytes_are_left_as_they_were(encode: Encode) -> None:
    content = encode(np.zeros(100))
    before = bytes(bytearray(content))
    decode(content)
    assert content == before


def test_real_recordings_decode_as_the_library_reads_them(audio_pack: Path) -> None:
    files = sorted(path for path in audio_pack.rglob("*") if path.suffix in (".wav", ".flac", ".ogg"))[:40]
    assert files
    for path in files:
        content = path.read_bytes()
        decoded = decode(content)
        info = soundfile.info(io.BytesIO(content))
        assert is_a_clip(decoded)
        assert decoded.clip.duration_s == pytest.approx(info.duration, abs=2e-4)
        overshot = decoded.container == "Ogg" and np.abs(soundfile.read(io.BytesIO(content))[0]).max() > 1
        assert bool(decoded.warnings) == overshot


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_finite_samples_of_any_size_give_a_finite_clip(encode: Encode, rate_hz: int, channels: int) -> None:
    signal = np.where(np.random.default_rng(2).random((3_000, channels)) < 0.5, -3e38, 3e38).astype(np.float32)
    assert is_a_clip(decode(encode(signal, rate_hz, subtype="FLOAT")))
