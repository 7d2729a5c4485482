# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Single notes and phrases on the General MIDI instruments, played by FluidSynth.

Standard MIDI file: RP-001 of the MIDI Association, format 0. One tick is 1 ms: 500 ticks a quarter at 500 000 us.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from model.recordings import load
from model.tagger import SAMPLE_RATE_HZ, Waveform

INSTRUMENTS = 128
DRUM_KITS = (0, 8, 16, 24, 25, 32, 40, 48)
_DRUM_CHANNEL = 9
_PIECE_S = 4.0
Event = tuple[int, bytes]
Note = tuple[int, int, int, int]  # start in ms, length in ms, pitch, velocity
NoteMaker = Callable[[np.random.Generator], list[Note]]


def phrases(random: np.random.Generator, soundfont: Path, pieces: int) -> Iterator[Waveform]:
    """Yield `pieces` pieces of 4 s for every instrument and drum kit: single notes, melodies, chords, arpeggios."""
    for program in range(INSTRUMENTS):
        yield from _render(random, soundfont, program, pieces, drums=False)
    for kit in DRUM_KITS:
        yield from _render(random, soundfont, kit, 4 * pieces, drums=True)


def _render(
    random: np.random.Generator, soundfont: Path, program: int, pieces: int, *, drums: bool
) -> Iterator[Waveform]:
    channel = _DRUM_CHANNEL if drums else 0
    events: list[Event] = [(0, bytes((0xC0 | channel, program)))]
    for piece in range(pieces):
        notes = beats(random) if drums else melody(random)
        for start, length, pitch, velocity in notes:
            begin = round(1000 * _PIECE_S * piece) + start
            events.append((begin, bytes((0x90 | channel, pitch, velocity))))
            events.append((begin + length, bytes((0x80 | channel, pitch, 0))))
    waveform = play(midi_file(events, round(1000 * _PIECE_S * pieces)), soundfont)
    samples = round(_PIECE_S * SAMPLE_RATE_HZ)
    for piece in range(pieces):
        cut = waveform[piece * samples : (piece + 1) * samples]
        peak = float(np.abs(cut).max(initial=0.0))
        if peak > 1e-3:
            yield (cut * (random.uniform(0.2, 0.9) / peak)).astype(np.float32)


def melody(random: np.random.Generator) -> list[Note]:
    """Make about 3.5 s of notes: one note, a melody, chords or an arpeggio."""
    root, velocity = int(random.integers(36, 84)), int(random.integers(60, 120))
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12] if random.random() < 0.5 else [0, 2, 3, 5, 7, 8, 10, 12])
    kind = random.choice(["single", "melody", "chords", "arpeggio"])
    if kind == "single":
        return [(0, int(random.integers(300, 3300)), root, velocity)]
    beat = int(random.integers(120, 600))
    count = 3400 // beat
    if kind == "melody":
        steps = root + random.choice(scale, count)
        return [(index * beat, int(beat * 0.9), int(pitch), velocity) for index, pitch in enumerate(steps)]
    if kind == "arpeggio":
        steps = root + scale[np.arange(count) * 2 % 8]
        return [(index * beat, int(beat * 1.5), int(pitch), velocity) for index, pitch in enumerate(steps)]
    beat *= 2
    chords = [(index * beat, int(random.choice(scale[:6]))) for index in range(max(1, 3400 // beat))]
    return [
        (start, int(beat * 0.95), root + degree + third, velocity) for start, degree in chords for third in (0, 4, 7)
    ]


def beats(random: np.random.Generator) -> list[Note]:
    """Make about 3.5 s of drumming: one stroke, one drum repeated, or a rhythm of several."""
    drums = random.integers(35, 82, int(random.integers(1, 5)))
    velocity = int(random.integers(70, 127))
    if random.random() < 0.3:
        return [(0, 400, int(drums[0]), velocity)]
    beat = int(random.integers(100, 450))
    return [
        (index * beat, int(beat * 0.8), int(drum), velocity)
        for index in range(3400 // beat)
        for drum in drums
        if random.random() < 0.5
    ]


def midi_file(events: list[Event], length_ms: int) -> bytes:
    """Write a format 0 file of `events`, (time in ms, message), that lasts `length_ms`."""
    track = b""
    now = 0
    for time, message in sorted(events, key=lambda event: event[0]):
        track += _variable_length(time - now) + message
        now = time
    track += _variable_length(max(0, length_ms - now)) + b"\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 500) + b"MTrk" + struct.pack(">I", len(track)) + track


def _variable_length(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def play(midi: bytes, soundfont: Path) -> Waveform:
    """Play a MIDI file through FluidSynth.

    Raises
    ------
    FileNotFoundError
        FluidSynth is not on the PATH.
    subprocess.CalledProcessError
        It failed.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        raise FileNotFoundError("fluidsynth is not on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder, "score.mid"), Path(folder, "sound.wav")
        score.write_bytes(midi)
        command = [program, "-ni", "-q", "-g", "0.6", "-r", str(SAMPLE_RATE_HZ), "-F", str(sound), str(soundfont)]
        subprocess.run([*command, str(score)], check=True, capture_output=True)  # noqa: S603 - a fixed command
        return load(sound)
