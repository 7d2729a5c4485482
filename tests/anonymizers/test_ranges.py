# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import pytest

from anonymizers.ranges import in_range


@pytest.mark.parametrize("found", [1, 1.5, 2])
def test_a_value_within_its_range_is_given_back(found: float) -> None:
    assert in_range("length", found, 1, 2, "s") == found


@pytest.mark.parametrize("found", [0.999, 2.001, -1, float("inf"), float("nan")])
def test_another_is_refused_with_the_range_and_what_was_found(found: float) -> None:
    with pytest.raises(ValueError, match=rf"^length: 1 to 2 s, found {found:g}$"):
        in_range("length", found, 1, 2, "s")


def test_a_value_without_a_unit_has_none() -> None:
    with pytest.raises(ValueError, match=r"^order: 2 to 40, found 1$"):
        in_range("order", 1, 2, 40)
