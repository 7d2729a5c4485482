# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The short version that the tests run: twenty sentences of synthetic speech, a clip each, no inverters.

It finds less than the whole benchmark does, never more: a rise here is a rise there.
"""

from __future__ import annotations

import numpy as np

from benchmarks.privacy import content
from benchmarks.privacy.attackers import words
from benchmarks.privacy.clips import MAIN
from benchmarks.privacy.material import QUICK, Spoken
from benchmarks.privacy.methods import ATTACKER, HOUSEHOLD, Method

KNOWN = 3  # of the attacker's recordings of a sentence, so many pass through the method


def identified(name: str, spoken: Spoken, clean: words.Templates) -> float:
    """Return the share of sentences that the best attacker identifies.

    Parameters
    ----------
    name
        The method.
    spoken, clean
        What `material` gives.
    """
    ours, theirs = Method(name, HOUSEHOLD), Method(name, ATTACKER)
    hidden = [ours(one) for one in spoken.clips("tried")]
    same = content.known_sentences(spoken, MAIN, theirs, most=KNOWN)
    heard = content.Listening(np.array([one.sentence for one in spoken.tried]))
    content.hear_plainly(heard, hidden, clean, same)
    share: float = heard.figures()["identified"]
    return share


def material() -> tuple[Spoken, words.Templates]:
    """Return what is said, and the attacker's recordings of it as they are.

    Raises
    ------
    EspeakMissing
        Nobody can speak here.
    """
    spoken = Spoken.of(QUICK)
    return spoken, content.known_sentences(spoken, MAIN)
