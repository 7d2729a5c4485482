# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which anonymisers there are, by the names that requests use."""

from __future__ import annotations

from collections.abc import Mapping

from anonymizers.band_energy import BandEnergy
from anonymizers.base import Anonymizer, Identity, RandomBytes, os_random
from anonymizers.chain import Methods
from anonymizers.granular_shuffle import GranularShuffle
from anonymizers.laplace_noise import LaplaceNoise
from anonymizers.low_pass import LowPass
from anonymizers.mcadams import McAdams
from anonymizers.repeatable import SECRET_BYTES, checked_secret
from anonymizers.reverse_splice import Gate, ReverseSplice
from anonymizers.scramble import SegmentShuffle
from anonymizers.speech_gate import GateSettings, SpeechGate, WindowScores

RECOMMENDED = "speech_gate"  # docs/decisions/0014-speech-gate-alone.md
CHAINS = ("speech_gate+reverse_splice",)
DOUBTFUL = GateSettings(threshold=0.15, low_threshold=0.1)


def anonymizers(
    random_bytes: RandomBytes = os_random,
    segment_s: float = 1.0,
    *,
    secret: bytes | None = None,
    gate: Gate | None = None,
    speech_score: WindowScores | None = None,
    alert_veto: WindowScores | None = None,
) -> Mapping[str, Anonymizer]:
    """Make one of each, by name; ``scramble`` and ``scrample`` are the same method, ``first+second`` is a chain.

    Parameters
    ----------
    random_bytes
        Where the secret comes from if none is given.
    segment_s
        Length of a segment of ``scrample`` in seconds, > 0.
    secret
        What all that is drawn for a clip hangs on, with the clip itself: at least 16 bytes. By default it is drawn, so
        that a clip gets the same answer from this table, and another one from the next.
    gate
        Says where there may be speech; ``reverse_splice`` leaves the rest as it was. By default the speech gate's
        network, at a low threshold: what ``speech_gate`` doubts, and leaves, is then scrambled by the chain of both.
    speech_score
        A second opinion on where somebody speaks, for ``speech_gate``.
    alert_veto
        Says where an alarm is heard; ``speech_gate`` spares it there, with the words over it.
    """
    secret = random_bytes(SECRET_BYTES) if secret is None else checked_secret(secret)
    made: tuple[Anonymizer, ...] = (
        Identity(),
        SegmentShuffle("scrample", segment_s, secret=secret),
        SegmentShuffle("scramble", segment_s, secret=secret),
        LaplaceNoise(secret=secret),
        GranularShuffle(secret=secret),
        ReverseSplice(gate=gate or SpeechGate(settings=DOUBTFUL).where, secret=secret),
        BandEnergy(secret=secret),
        LowPass(),
        McAdams(secret=secret),
        SpeechGate(speech_score=speech_score, alert_veto=alert_veto, secret=secret),
    )
    return Methods(made, CHAINS)
