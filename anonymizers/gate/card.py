# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The card of the speech gate: its figures as tables for people."""

from __future__ import annotations

from typing import Any

_HEAD = """# Speech gate

A small convolutional network that says for every 16 ms of sound how likely somebody speaks; the anonymiser
`speech_gate` deletes what it finds. `python -m anonymizers.gate.train` made it, `python -m anonymizers.gate.release`
measured it.

- **Sees** 48 mel bands of half a second to both sides, freed of their level. Does not know words, languages or voices.
- **Learnt from** the train split of the audio pack: LibriSpeech, Speech Commands, telephone calls, wake words and
  digits, and 1500 sentences of espeak-ng in 27 languages and 78 voices, at other speeds, in made-up rooms and lines,
  alone and at -10 to 25 dB over everything in the pack that is no speech: alarms, music, household, weather, animals.
  Where somebody speaks was told by the energy of the clean speech.
- **Measured on** what it never heard: speakers of the validation split, voices and languages of espeak-ng that were
  left out, and three engines that were left out: flite, festival, SVOX pico. Backgrounds and alarms are those of the
  validation split.
- **Not learnt from, so unknown**: whispering (but that of espeak-ng), children, singing, shouting, laughing, crowds.
- **Weak**: speech as loud as what covers it, or less; single words in the noise of cheap microphones; cries of babies
  are taken for speech now and then. Recordings of wake words and of calls hold noises that their energy marks as speech
  and the gate leaves: what of that is missed speech nobody has listened to.
- **Made in two rounds**: 8 epochs on 14,000 lessons of 4 s that still held what was overheard, and 5 on 20,000 that did
  not (`--lessons 20 --epochs 5 --rate 1.2e-3 --begin` with the weights of the first).

`speech.json` holds all figures. *Recall* is the share of frames of 16 ms with speech that is deleted, after widening.
*Long misses* are frames that stay in stretches of 160 ms and more: a syllable can be understood there. A frame counts
as speech where the clean speech lies within 30 dB of its loud frames and well over the noise of its own recording.
Speech over other sound is at -26 dBFS and, every second time, in a room; a ratio is that of speech to the loud frames
of what covers it. At -5 and -10 dB much of the speech is inaudible, and counts all the same.
"""

_WITHOUT = """
## Sound without speech

*Taken*: the share of all frames that is deleted by mistake, and of the loud ones (30 dB). *Touched*: clips of which any
frame is. Labels are weak; *speech overheard* are recordings labelled otherwise in which a tagger hears speech: what is
deleted there may well be speech. *unsure* are crowds, laughter, shouting, radio: voices, but no labelled speech.
"""


_THRESHOLDS = """
## Thresholds

Recall of all speech, and what is taken of sound without it, %, on the fold of the train split that was left out of
training for this, without the engines: the threshold was chosen by these.

"""


def card(found: dict[str, Any]) -> str:
    """Write the card from the figures."""
    settings, cost = found["settings"], found["cost_ms"]
    made = (
        f"\nWeights: `speech.npz`, {found['parameters']:,} parameters as float16, {found['bytes'] // 1024} KiB, "
        f"sha256\n`{found['sha256']}`.\n"
        f"Settings: threshold {settings['threshold']:g}, down to {settings['low_threshold']:g}; "
        f"{settings['before_s']:g} s before and {settings['after_s']:g} s after are deleted too.\n"
        f"Cost of 10 s on one core: {cost['detector']:.0f} ms to find speech, {cost['gate']:.0f} ms in all.\n"
    )
    return "".join(
        [
            _HEAD,
            made,
            "\n## Speech deleted, %\n\n",
            _speech(found["speech"], "recall"),
            "\n## Long misses, %\n\n",
            _speech(found["speech"], "long_misses"),
            _WITHOUT,
            "\n",
            _without(found["without_speech"]),
            _THRESHOLDS,
            _thresholds(found["other_thresholds"]),
        ]
    )


def _speech(rows: dict[str, Any], figure: str) -> str:
    conditions = list(rows["all"])
    names = sorted(rows, key=lambda name: (name == "all", name))
    lines = [
        [name, *(_percent(rows[name][one][figure]) for one in conditions), str(rows[name][conditions[0]]["frames"])]
        for name in names
    ]
    return _table(["who speaks", *conditions, "frames each"], lines)


def _without(rows: dict[str, Any]) -> str:
    lines = [
        [
            kind,
            str(row["clips"]),
            f"{row['seconds']:.0f} s",
            _percent(row["taken"]),
            _percent(row["taken_of_loud"]),
            str(row["clips_touched"]),
        ]
        for kind, row in rows.items()
    ]
    return _table(["sound", "clips", "length", "taken, %", "of loud, %", "touched"], lines)


def _thresholds(rows: list[dict[str, Any]]) -> str:
    conditions = ("alone -25 dBFS", "over 10 dB", "over 0 dB", "over -10 dB")
    kinds = ("scream", "baby_cry", "dog_bark", "glass_break", "gunshot", "explosion", "fire", "singing", "other")
    lines = [
        [
            f"{row['threshold']:g} / {row['low_threshold']:g}",
            *(_percent(row["recall"][one]) for one in conditions),
            *(_percent(row["taken"][kind]) if kind in row["taken"] else "" for kind in kinds),
        ]
        for row in rows
    ]
    return _table(["threshold / low", *conditions, *kinds], lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "".join("| " + " | ".join(row) + " |\n" for row in (head, rule, *rows))
