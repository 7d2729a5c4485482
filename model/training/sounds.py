# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Write all training sounds into shards: ``python -m model.training.sounds OUT --pack DIR``.

``pack`` is the train split of the labelled recordings (their validation split is never opened), ``voices`` needs
eSpeak NG, ``music`` FluidSynth and a General MIDI soundfont (on Debian: espeak-ng, fluidsynth, fluid-soundfont-gm),
``medley`` nothing but numpy. Every shard has a seed of its own: written again, it is the same with the same programs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from model.recordings import load, read_manifest
from model.tagger import Waveform
from model.training import shards
from model.training.synthesis import medley, music, voices

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
SEEDS = {"voices": 11, "music": 12, "medley": 13}
UTTERANCES_A_LANGUAGE = 4
PIECES_AN_INSTRUMENT = 14
MEDLEY_SOUNDS = 3000
Sounds = Iterable[tuple[Waveform, tuple[int, ...]]]


def train_sounds(folder: Path) -> Iterator[tuple[Waveform, tuple[int, ...]]]:
    """Yield every recording of the train split with its classes."""
    for recording in read_manifest(folder):
        if recording.split == "train":
            yield load(recording.path), recording.classes


def sounds(name: str, pack: Path, soundfont: Path) -> Sounds:
    """Make the sounds of one shard.

    Raises
    ------
    KeyError
        No shard is called `name`.
    """
    if name == "pack":
        return train_sounds(pack)
    random = np.random.default_rng(SEEDS[name])
    if name == "voices":
        return ((waveform, ()) for waveform in voices.utterances(random, UTTERANCES_A_LANGUAGE))
    if name == "music":
        return ((waveform, ()) for waveform in music.phrases(random, soundfont, PIECES_AN_INSTRUMENT))
    return medley.sounds(random, MEDLEY_SOUNDS)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m model.training.sounds", description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the shards (about 1.5 GB)")
    parser.add_argument("--pack", type=Path, required=True, help="folder of labelled recordings with a manifest.csv")
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT, help=f"General MIDI soundfont ({SOUNDFONT})")
    parser.add_argument("--only", nargs="+", choices=["pack", *SEEDS], default=["pack", *SEEDS], metavar="SHARD")
    options = parser.parse_args(arguments)
    for name in options.only:
        shard = shards.write(options.out, name, sounds(name, options.pack, options.soundfont))
        sys.stdout.write(f"{name}: {len(shard)} sounds, {shard.samples.size / 16_000 / 3600:.2f} h\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
