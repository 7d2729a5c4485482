# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A piece of a clip, and a clip as a file in memory: for whoever asks for the sound itself."""

from __future__ import annotations

import io

import soundfile

from analytic.audio.clip import SAMPLE_RATE_HZ, Clip, to_samples, to_seconds


def excerpt(clip: Clip, start_s: float, stop_s: float) -> Clip:
    """Return what lies between two times of a recording, as far as the clip holds it; at least one sample."""
    first = min(max(0, to_samples(start_s - clip.start_s)), clip.waveform.size - 1)
    stop = max(first + 1, to_samples(stop_s - clip.start_s))
    return Clip(clip.waveform[first:stop], clip.start_s + to_seconds(first))


def to_wav(clip: Clip) -> bytes:
    """Return a clip as a WAV file: 16 000 Hz, mono, 16 bits."""
    file = io.BytesIO()
    soundfile.write(file, clip.waveform, SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")
    return file.getvalue()
