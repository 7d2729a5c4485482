# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Several anonymisers one after the other, asked for as ``first+second``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from anonymizers.base import Anonymized, Anonymizer, Empirical, Formal, Guarantee, Nothing, Waveform

JOINT = "+"
MOST_PARTS = 4
_ALONE = ("none",)


class Chain:
    """Run each part on what the one before it gave.

    Parameters
    ----------
    parts
        The parts in their order, two or more.
    """

    def __init__(self, parts: Sequence[Anonymizer]) -> None:
        if len(parts) < 2:
            raise ValueError(f"a chain has two parts or more, found {len(parts)}")
        self._parts = tuple(parts)
        self.name = JOINT.join(part.name for part in parts)
        self.keeps_time = all(part.keeps_time for part in parts)
        self.guarantee = weakest([part.guarantee for part in parts])
        self.hides = "One after the other. " + " ".join(f"{part.name}: {part.hides}" for part in parts)
        self.leaks = "What every part leaves. " + " ".join(f"{part.name}: {part.leaks}" for part in parts)

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Run the parts; their warnings come in the same order."""
        warnings: tuple[str, ...] = ()
        for part in self._parts:
            answer = part.anonymize(waveform, sample_rate_hz)
            waveform = answer.waveform
            warnings += answer.warnings
        return Anonymized(waveform, warnings)


def weakest(guarantees: Iterable[Guarantee]) -> Guarantee:
    """Return what may be said of several anonymisers in a row: no more than of the weakest of them.

    That is `Nothing` where one claims nothing, else `Empirical` where one was measured only, with all the evidence,
    else the `Formal` bound with the largest epsilon. A chain may well hide more than its weakest part, but only a
    measurement of the chain itself can say so.
    """
    given = list(guarantees)
    if any(isinstance(one, Nothing) for one in given):
        return Nothing()
    measured = [one.evidence for one in given if isinstance(one, Empirical)]
    if measured:
        return Empirical(evidence=", ".join(dict.fromkeys(measured)))
    return max((one for one in given if isinstance(one, Formal)), key=lambda one: (one.epsilon, one.delta))


class Methods(Mapping[str, Anonymizer]):
    """Anonymisers by name; names joined with ``+`` are found too, as chains of up to four different ones.

    Parameters
    ----------
    single
        The anonymisers.
    recommended
        Chains that are listed with them; others are found when they are asked for.
    """

    def __init__(self, single: Iterable[Anonymizer], recommended: Iterable[str] = ()) -> None:
        self._single = {anonymizer.name: anonymizer for anonymizer in single}
        self._listed = (*self._single, *(name for name in recommended if self._parts(name)))

    def __getitem__(self, name: str) -> Anonymizer:
        if name in self._single:
            return self._single[name]
        parts = self._parts(name)
        if not parts:
            raise KeyError(name)
        return Chain([self._single[part] for part in parts])

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)

    def _parts(self, name: str) -> list[str]:
        """Return the names that a chain consists of; none where it is no chain of ours."""
        parts = name.split(JOINT, MOST_PARTS)
        known = all(part in self._single and part not in _ALONE for part in parts)
        fits = 2 <= len(parts) <= MOST_PARTS and len(set(parts)) == len(parts)
        return parts if known and fits else []
