# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a tagger gave for every window of a stream, kept in a file, so that heads and policies can be tried on it again.

Logits and embeddings are kept as float16: logits lie within -14..14, and a step of 0.008 there moves no decision.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.events.streams import Stream
from benchmarks.scenes.pool import Pool
from benchmarks.scenes.truth import Played, TrueEvent
from model.heads.alarm import logit, sigmoid
from model.stream import SHORT, StreamingTagger


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """What was heard of one stream.

    Attributes
    ----------
    stops_s
        float64, shape (w,), the windows' ends.
    logits, embeddings
        float16, shapes (w, 527) and (w, e).
    truth, played
        What truly sounded.
    seconds
        Length of the stream.
    """

    stops_s: NDArray[np.float64]
    logits: NDArray[np.float16]
    embeddings: NDArray[np.float16]
    truth: tuple[TrueEvent, ...]
    played: tuple[Played, ...]
    seconds: float

    @property
    def scores(self) -> NDArray[np.float32]:
        """float32, shape (w, 527), probabilities."""
        return sigmoid(self.logits.astype(np.float32))


def hear(tagger: StreamingTagger, stream: Stream, pool: Pool) -> Windows:
    """Let a tagger hear a stream once, in windows of 2 s every 0.5 s, as live sound is heard."""
    ear = tagger.stream((SHORT,))
    truth: list[TrueEvent] = []
    played: list[Played] = []
    stops, logits, embeddings = [], [], []
    samples = 0
    for block in stream.blocks(pool):
        truth += block.truth
        played += block.played
        samples += block.waveform.size
        heard = ear.push(np.clip(block.waveform, -1.0, 1.0))
        if heard:
            stops += [one.window.stop / 16_000 for one in heard]
            logits.append(logit(np.stack([one.scores for one in heard])).astype(np.float16))
            embeddings.append(np.stack([one.embedding for one in heard]).astype(np.float16))
    return Windows(
        np.array(stops),
        np.concatenate(logits),
        np.concatenate(embeddings),
        tuple(truth),
        tuple(played),
        samples / 16_000,
    )


def kept(folder: Path, tagger: StreamingTagger, stream: Stream, pool: Pool) -> Windows:
    """Return what was heard of a stream, from the file if it was heard before."""
    path = folder / f"{tagger.card.name}-{stream.name}.npz"
    if path.is_file():
        return _read(path)
    found = hear(tagger, stream, pool)
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"truth": [_plain(one) for one in found.truth], "played": [_plain(one) for one in found.played]}
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.savez(
            file,
            stops_s=found.stops_s,
            logits=found.logits,
            embeddings=found.embeddings,
            seconds=np.array(found.seconds),
            facts=np.array(json.dumps(facts)),
        )
    temporary.replace(path)
    return found


def _read(path: Path) -> Windows:
    with np.load(path, allow_pickle=False) as stored:
        facts = json.loads(str(stored["facts"]))
        return Windows(
            stored["stops_s"],
            stored["logits"],
            stored["embeddings"],
            tuple(TrueEvent(**_typed(one)) for one in facts["truth"]),
            tuple(Played(**_typed(one)) for one in facts["played"]),
            float(stored["seconds"]),
        )


def _plain(one: TrueEvent | Played) -> dict[str, Any]:
    return {**asdict(one), "may_hold": sorted(one.may_hold)}


def _typed(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "may_hold": frozenset(one["may_hold"])}
