# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Speech that is made: espeak-ng to learn from; flite, festival and pico, never learnt from, to measure with."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from anonymizers.base import Waveform
from anonymizers.gate.features import SAMPLE_RATE_HZ

LANGUAGES = (
    *("en-us", "en-gb", "en-gb-scotland", "en-us", "en-gb-x-rp", "en-us", "de", "fr", "es", "it", "nl", "sv", "da"),
    *("cs", "ru", "fi", "ro", "el", "hi", "id", "cmn", "ja", "sw", "hu", "ar", "ko", "vi"),
)
VARIANTS = (
    *(
        "",
        "m1",
        "m2",
        "m3",
        "m4",
        "m6",
        "m7",
        "m8",
        "f1",
        "f2",
        "f3",
        "f4",
        "Alex",
        "Alicia",
        "Andrea",
        "Andy",
        "Annie",
    ),
    *("AnxiousAndy", "Denis", "Diogo", "Gene", "Henrique", "Hugo", "Jacky", "Lee", "Marco", "Mario", "Michael", "Mike"),
    *("Nguyen", "Storm", "Tweaky", "adam", "anika", "announcer", "aunty", "belinda", "benjamin", "boris", "caleb"),
    *("david", "ed", "edward", "grandma", "grandpa", "gustave", "iven", "iven2", "john", "kaukovalta", "klatt"),
    *("klatt2", "klatt3", "klatt5", "marcelo", "max", "michel", "miguel", "norbert", "pablo", "pedro", "quincy", "rob"),
    *("robert", "robosoft", "robosoft3", "robosoft5", "sandro", "shelby", "steph", "victor", "whisper", "zac"),
)
HELD_OUT_LANGUAGES = ("en-us", "pl", "pt", "en-gb", "tr")
HELD_OUT_VARIANTS = (
    "linda",
    "paul",
    "travis",
    "klatt4",
    "antonio",
    "steph2",
    "m5",
    "f5",
    "michel",
    "croak",
    "whisperf",
)

_HEADER_BYTES = 44

_WHO = ("my daughter", "the doctor", "our neighbour", "grandmother", "the bank", "my boss", "the nurse", "Peter", "she")
_DOES = (
    "called about",
    "wants to see",
    "has forgotten",
    "will pay for",
    "is afraid of",
    "asked me for",
    "lost",
    "found",
)
_WHAT = (
    *("the blood test on Thursday", "the code of the alarm", "three hundred and twenty euros", "the insulin"),
    *("my password", "the key under the mat", "the divorce papers", "a good lawyer", "the credit card number"),
    *(
        "the pills in the kitchen",
        "our flight to Berlin",
        "the keys of the car",
        "her pregnancy",
        "the old photographs",
    ),
)
_SHORT = (
    "Yes.",
    "No, thank you.",
    "Stop it!",
    "Who is there?",
    "Come here, quick!",
    "Hello?",
    "Okay.",
    "Help me!",
    "Hmm.",
)


def sentence(random: np.random.Generator) -> str:
    """Make a sentence such as is said at home: sensitive matters, codes, short calls."""
    kind = random.integers(5)
    if kind == 0:
        return "The code is " + " ".join(str(digit) for digit in random.integers(0, 10, random.integers(4, 9))) + "."
    if kind == 1:
        return str(random.choice(_SHORT))
    said = f"{random.choice(_WHO)} {random.choice(_DOES)} {random.choice(_WHAT)}"
    return said + (f", but {random.choice(_WHO)} {random.choice(_DOES)} {random.choice(_WHAT)}." if kind == 2 else ".")


def espeak(text: str, voice: str, pitch: int, words_a_minute: int) -> Waveform:
    """Let espeak-ng say `text`; the voice is a language, with ``+variant`` where one is wanted; pitch 0..99."""
    settings = ["-v", voice, "-p", str(pitch), "-s", str(words_a_minute)]
    return _spoken(["espeak-ng", *settings, "--stdout", text])


def flite(text: str, voice: str) -> Waveform:
    """Let flite say `text`."""
    return _to_file(lambda path: ["flite", "-voice", voice, "-t", text, "-o", path])


def festival(text: str, voice: str) -> Waveform:
    """Let festival say `text`."""
    return _to_file(lambda path: ["text2wave", "-eval", f"(voice_{voice})", "-o", path], text)


def pico(text: str, voice: str) -> Waveform:
    """Let SVOX pico say `text`."""
    return _to_file(lambda path: ["pico2wave", "-l", voice, "-w", path, text])


ENGINES: dict[str, tuple[str, Callable[[str, str], Waveform], tuple[str, ...]]] = {
    "flite": ("flite", flite, ("kal16", "awb", "rms", "slt", "kal")),
    "festival": (
        "text2wave",
        festival,
        ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts", "lp_diphone", "czech_dita", "hy_fi_mv_diphone"),
    ),
    "pico": ("pico2wave", pico, ("en-US", "en-GB", "de-DE", "es-ES", "fr-FR", "it-IT")),
}
"""Program, how it speaks, voices: none of them is ever learnt from."""


def is_installed(program: str) -> bool:
    """Return whether the program is on the path."""
    return shutil.which(program) is not None


def lesson_voice(random: np.random.Generator) -> Waveform:
    """Let espeak-ng say something in one of the voices to learn from."""
    variant = str(random.choice(VARIANTS))
    voice = str(random.choice(LANGUAGES)) + (f"+{variant}" if variant else "")
    return espeak(sentence(random), voice, int(random.integers(5, 95)), int(random.integers(110, 260)))


def held_out_voice(random: np.random.Generator) -> Waveform:
    """Let espeak-ng say something in one of the variants and languages kept for measuring."""
    voice = f"{random.choice(HELD_OUT_LANGUAGES)}+{random.choice(HELD_OUT_VARIANTS)}"
    return espeak(sentence(random), voice, int(random.integers(20, 80)), int(random.integers(130, 210)))


def _to_file(command: Callable[[str], list[str]], said: str | None = None) -> Waveform:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run(  # noqa: S603 - fixed programs, texts of our own
            command(str(path)), input=said and said.encode(), check=True, capture_output=True
        )
        # A voice that cannot read a word of the text leaves an empty file.
        return _decoded(path.read_bytes()) if path.stat().st_size > _HEADER_BYTES else np.zeros(0, np.float32)


def _spoken(command: list[str]) -> Waveform:
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed programs, texts of our own
    return _decoded(done.stdout)


def _decoded(content: bytes) -> Waveform:
    # espeak-ng writes to a pipe and cannot know the length that it puts into the header.
    samples, rate_hz = soundfile.read(io.BytesIO(content), dtype="float32")
    if rate_hz != SAMPLE_RATE_HZ:
        samples = resample_poly(samples, SAMPLE_RATE_HZ, rate_hz)
    waveform: Waveform = np.clip(samples, -1.0, 1.0).astype(np.float32)
    return waveform
