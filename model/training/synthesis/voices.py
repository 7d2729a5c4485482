# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Speech by eSpeak NG in all its languages, read as numbers (every language reads those) or as our own English."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator

import numpy as np
import soundfile
import soxr

from model.tagger import SAMPLE_RATE_HZ, Waveform

VARIANTS = ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5", "croak", "whisper")
SENTENCES = (
    "the kettle is boiling and nobody is in the kitchen",
    "did you lock the back door before we left",
    "there is somebody at the gate, please wait a moment",
    "turn the lights off when you go upstairs",
    "it will rain in the afternoon, so take a coat with you",
    "help, help, call the fire brigade",
    "dinner is ready, come to the table",
    "I have told you a hundred times not to run on the stairs",
)


def utterances(random: np.random.Generator, each: int) -> Iterator[Waveform]:
    """Yield `each` utterances of every language, in random voices, speeds and pitches.

    Raises
    ------
    FileNotFoundError
        eSpeak NG is not on the PATH.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise FileNotFoundError("espeak-ng is not on the PATH")
    listing = _run([program, "--voices"]).decode().splitlines()[1:]
    languages = sorted({line.split()[1] for line in listing})
    for language in [*languages, *["en"] * (len(languages) // 3)]:
        for _ in range(each):
            voice = f"{language}+{random.choice(VARIANTS)}"
            if language == "en":
                text = str(random.choice(SENTENCES))
            else:
                text = " ".join(str(number) for number in random.integers(0, 3000, random.integers(2, 7)))
            speed, pitch = str(random.integers(110, 260)), str(random.integers(10, 95))
            sound = _run([program, "-v", voice, "-s", speed, "-p", pitch, "--stdout", text])
            if not sound:  # a listed voice whose data is a package of its own
                continue
            samples, rate_hz = soundfile.read(io.BytesIO(sound), dtype="float32")
            waveform = soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ)[: 8 * SAMPLE_RATE_HZ]
            peak = float(np.abs(waveform).max(initial=0.0))
            if peak > 1e-3:
                yield (waveform * (random.uniform(0.2, 0.9) / peak)).astype(np.float32)


def _run(command: list[str]) -> bytes:
    return subprocess.run(command, check=False, capture_output=True).stdout  # noqa: S603 - a fixed command
