# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""When attackers are good enough that what they miss says something: they break clean sound and the 1 s shuffle.

A weak attacker overstates privacy (arXiv 2507.22534), so without this no figure is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.privacy.clips import MAIN

CLEAN, CONTROL = "none", "scrample"
LEAST_IDENTIFIED = 0.95
MOST_EQUAL_ERRORS = 0.10
LEAST_IDENTIFIED_IN_CONTROL = 0.80


class NotValid(Exception):
    """The attackers fail where they must not."""

    def __init__(self, failures: list[str]) -> None:
        self.failures = failures
        super().__init__("the attackers are too weak for their figures to mean anything: " + "; ".join(failures))


def failures(methods: Mapping[str, Any]) -> list[str]:
    """Return what is not as it must be in the records of all methods; nothing where all is well."""
    missing = [name for name in (CLEAN, CONTROL) if name not in methods]
    if missing:
        return [f"{name} was not measured" for name in missing]
    found = []
    for name, least in ((CLEAN, LEAST_IDENTIFIED), (CONTROL, LEAST_IDENTIFIED_IN_CONTROL)):
        identified = methods[name]["sentences"][MAIN.name]["identified"]
        if identified < least:
            found.append(f"{name}: {identified:.1%} of the sentences identified, at least {least:.0%} are needed")
    for material, figures in methods[CLEAN]["voices"].items():
        errors = figures["equal_error_rate"]
        if errors > MOST_EQUAL_ERRORS:
            found.append(
                f"{CLEAN}, {material}: equal error rate {errors:.1%}, at most {MOST_EQUAL_ERRORS:.0%} is needed"
            )
    return found


def check(methods: Mapping[str, Any]) -> None:
    """Refuse figures of attackers that are too weak.

    Raises
    ------
    NotValid
        They are.
    """
    if found := failures(methods):
        raise NotValid(found)
