# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``python -m benchmarks.privacy.veto [--workers N] [--draw]``: what sparing alarms costs under talk over them.

`speech_gate` deletes an alarm that sounds under speech. An alert veto spares sound for an alarm's sake, and the words
over it with it. Its strength is swept, on alarms with talk over them that is as loud: a score for an alarm counts only
from a threshold on, and what counts wins over the gate by one of two rules.

- *likelier*: where the score is above the probability of speech, as ``anonymizers.alert_veto = true`` has it, which is
  this rule at threshold 0;
- *outright*: whatever the probability of speech; no setting does that. At threshold 0 the gate is off.

Both for the gate alone, which is recommended, and for the gate in the chain with `reverse_splice`, which then turns and
mixes what the gate spared, where it takes it for a voice.

Scores come from the tagger that then listens, and its heads. Parts that were measured with the same sources are taken
from build/bench-privacy, so a run that was cut off goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytic.app.hiding import alarm_scores
from anonymizers.base import Anonymizer
from anonymizers.chain import Chain
from anonymizers.gate.network import shipped as shipped_gate
from anonymizers.registry import CHAINS, DOUBTFUL, RECOMMENDED
from anonymizers.reverse_splice import ReverseSplice
from anonymizers.speech_gate import SpeechGate, WindowScores
from benchmarks import report
from benchmarks.pack import pack_folder
from benchmarks.privacy import content, measure, mixed, utility, veto_picture
from benchmarks.privacy.clips import MAIN
from benchmarks.privacy.material import WHOLE, Hide, Spoken
from benchmarks.privacy.methods import ATTACKER, HOUSEHOLD, chance
from benchmarks.privacy.run import digest
from benchmarks.privacy.synthesis import CACHE
from model.heads.shipped import shipped
from model.tagger import SAMPLE_RATE_HZ, Waveform

RESULT = "privacy_veto"
OVER_DB = 0.0
GATE, CHAIN = RECOMMENDED, CHAINS[0]
LIKELIER, OUTRIGHT = "likelier", "outright"
THRESHOLDS = (0.99, 0.95, 0.9, 0.7, 0.5, 0.3, 0.1, 0.0)
_NEARLY_ONE = np.float32(1 - 1e-6)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Floats = NDArray[np.float32]


class Strength(NamedTuple):
    """A method with a veto.

    Attributes
    ----------
    method
        `GATE` or `CHAIN`.
    rule
        `LIKELIER` or `OUTRIGHT`; None for no veto.
    threshold
        From which score on it counts, 0..1.
    """

    method: str
    rule: str | None = None
    threshold: float = 0.0

    @property
    def name(self) -> str:
        """What the result calls it."""
        return f"{self.method} {self.rule} {self.threshold:g}" if self.rule else f"{self.method} off"


PLAIN = "plain"
DEFAULT, SETTING = Strength(GATE).name, Strength(GATE, LIKELIER).name
STRENGTHS = tuple(
    one
    for method in (GATE, CHAIN)
    for one in (Strength(method), *(Strength(method, rule, t) for rule in (LIKELIER, OUTRIGHT) for t in THRESHOLDS))
)
POINTS: dict[str, Strength | None] = {PLAIN: None} | {one.name: one for one in STRENGTHS}


def counted(scores: Floats, strength: Strength) -> Floats:
    """Return what the gate compares with the probability of speech, float32, the shape of `scores`, within 0..1."""
    wins = scores if strength.rule == LIKELIER else np.float32(1)
    found: Floats = np.where(scores >= strength.threshold, wins, np.float32(0)).astype(np.float32)
    return found


def gate(key: int, strength: Strength, scores: WindowScores) -> SpeechGate:
    """Return the speech gate with a veto of this strength."""
    secret = chance(1000 + key)(32)
    if strength.rule is None:
        return SpeechGate(secret=secret)
    detector = _not_quite_sure if strength.rule == OUTRIGHT else None  # a score of 1 is above 0.999999, not above 1
    return SpeechGate(
        detector=detector,
        alert_veto=lambda waveform, rate_hz: counted(scores(waveform, rate_hz), strength),
        secret=secret,
    )


def hiding(key: int, strength: Strength, scores: WindowScores) -> Hide:
    """Return the method with such a gate."""
    secret = chance(1000 + key)(32)
    made: Anonymizer = gate(key, strength, scores)
    if strength.method == CHAIN:
        made = Chain((made, ReverseSplice(gate=SpeechGate(settings=DOUBTFUL).where, secret=secret)))
    assert made.name == strength.method
    return lambda sound: made.anonymize(sound, SAMPLE_RATE_HZ).waveform


def _not_quite_sure(waveform: Waveform) -> Floats:
    return np.minimum(shipped_gate()(waveform), _NEARLY_ONE)


class Remembered:
    """Scores of sounds, each worked out once: all strengths need the same ones."""

    def __init__(self, scores: WindowScores) -> None:
        self._scores = scores
        self._known: dict[bytes, Floats] = {}

    def __call__(self, waveform: Waveform, sample_rate_hz: int) -> Floats:
        """Return the scores of a sound."""
        name = hashlib.sha256(waveform.tobytes()).digest()
        if name not in self._known:
            self._known[name] = self._scores(waveform, sample_rate_hz)
        return self._known[name]


def measured(tagger: str, sources: str) -> dict[str, Any]:
    """Return the figures of every strength for a tagger, by name; what was measured already is read."""
    missing = [name for name in POINTS if not _part(tagger, name, sources).is_file()]
    if missing:
        _measure(tagger, missing, sources)
    return {name: json.loads(_part(tagger, name, sources).read_text(encoding="utf-8")) for name in POINTS}


def _measure(tagger: str, missing: Sequence[str], sources: str) -> None:
    pack, heads = pack_folder(), shipped(tagger)
    assert pack is not None
    assert heads is not None
    spoken, material = Spoken.of(WHOLE), utility.sounds(pack, WHOLE)
    opened = measure.store().open(tagger, lanes=1)
    ear, scores = utility.Ear.of(opened, material), Remembered(alarm_scores(opened, heads))
    talked_over = utility.mixes(material, spoken, WHOLE, OVER_DB)
    clean = content.known_sentences(spoken, MAIN)
    without = _taken_out(gate(HOUSEHOLD, Strength(GATE), scores), talked_over)
    for name in missing:
        began, strength = time.monotonic(), POINTS[name]
        if strength is None:
            hidden, same, taken_out = [one.sound for one in talked_over], clean, 0.0
        else:
            ours, theirs = (hiding(key, strength, scores) for key in (HOUSEHOLD, ATTACKER))
            hidden = [ours(one.sound) for one in talked_over]
            same = content.known_sentences(spoken, MAIN, theirs)
            taken_out = _taken_out(gate(HOUSEHOLD, strength, scores), talked_over)
        heard = content.Listening(np.array([one.said.sentence for one in talked_over]))
        content.hear_plainly(heard, hidden, clean, same)
        figures = {
            **mixed.alarms_found(ear, material, talked_over, hidden),
            "spared": round(1 - taken_out / without, 4),
            "sentences": heard.figures(),
        }
        path = _part(tagger, name, sources)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures), encoding="utf-8")
        found, identified = figures["alarm_recall"], figures["sentences"]["identified"]
        print(f"{tagger}, {name}: {found:.0%}, {identified:.0%}; {time.monotonic() - began:.0f} s", flush=True)


def _taken_out(one: SpeechGate, talked_over: Sequence[utility.Mix]) -> float:
    """Return how many frames a gate takes out of all mixes."""
    return float(sum(one.mask(mix.sound, SAMPLE_RATE_HZ).sum() for mix in talked_over))


def _part(tagger: str, name: str, sources: str) -> Path:
    own = hashlib.sha256(sources.encode() + Path(__file__).read_bytes()).hexdigest()[:12]
    return CACHE / "veto" / f"{tagger}-{name.replace(' ', '-')}-{own}.json"


def main(arguments: Sequence[str]) -> int:
    """Measure, write, draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.privacy.veto", description=__doc__)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes at once")
    parser.add_argument("--draw", action="store_true", help="only draw the picture anew")
    options = parser.parse_args(arguments)
    if not options.draw:
        for name in _THREADS:  # the workers read these when they start; one core each
            os.environ[name] = "1"
        measure.prepare()
        print(f"wrote {report.write(RESULT, _all(options.workers)).name}")
    print(f"wrote {veto_picture.draw(report.read(RESULT)['taggers']).name}")
    return 0


def _all(workers: int) -> dict[str, Any]:
    sources, found = digest(), {}
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(measured, name, sources): name for name in measure.taggers()}
        for future in as_completed(futures):
            found[futures[future]] = future.result()
    return {
        "speech_over_alarm_db": OVER_DB,
        "default": DEFAULT,
        "alert_veto_true": SETTING,
        "taggers": {name: found[name] for name in measure.taggers()},
    }


if __name__ == "__main__":  # worker processes import this file too
    sys.exit(main(sys.argv[1:]))
