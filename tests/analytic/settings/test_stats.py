# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from analytic.errors import BadSettings
from analytic.settings import load


@pytest.mark.parametrize(
    ("stats", "said"),
    [
        ({"tokens": {"the uni": "s3cret"}}, "stats.tokens: 'the uni': a name has 1 to 64 characters"),
        ({"tokens": {"": "s3cret"}}, "stats.tokens: '': a name has"),
        ({"tokens": {"owner": "s3cret"}}, "stats.tokens: 'owner': .* is not owner"),
        ({"tokens": {"uni": ""}}, "stats.tokens: a token has visible ASCII characters only, no blanks"),
        ({"tokens": {"uni": "s3cret "}}, "stats.tokens: a token has"),
        ({"tokens": {"uni": "s3cr\u00e9t"}}, "stats.tokens: a token has"),
        ({"tokens": {"uni": "s3cret", "city": "s3cret"}}, "stats.tokens: two requestors have the same token"),
        ({"epsilon": 0}, "stats.epsilon"),
        ({"epsilon": -1}, "stats.epsilon"),
        ({"epsilon": "0.0005"}, "stats.epsilon"),
        ({"epsilon": "nan"}, "stats.epsilon"),
        ({"requestor_cap": 0}, "stats.requestor_cap"),
        ({"requestor_cap": "inf"}, "stats.requestor_cap"),
        ({"requestor_cap": 11}, "stats.requestor_cap"),
        ({"home_cap": 0}, "stats.home_cap"),
        ({"home_cap": "1.0001"}, "stats.home_cap"),
        ({"epsilon": 2}, "stats: .*epsilon lies above a cap"),
        ({"requestor_cap": "0.4"}, "stats: .*epsilon lies above a cap"),
        ({"home_cap": "0.4"}, "stats: .*epsilon lies above a cap"),
        ({"token": "s3cret"}, "stats.token"),
    ],
)
def test_what_is_wrong_is_refused_by_name(stats: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettings, match=said) as caught:
        load(stats=stats)
    assert "s3cr" not in str(caught.value)


def test_numbers_are_decimal_so_that_ten_tenths_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN__STATS__EPSILON", "0.1")
    found = load(stats={"requestor_cap": 0.7}).stats
    assert (found.epsilon, found.requestor_cap, found.home_cap) == (Decimal("0.1"), Decimal("0.7"), Decimal(1))


def test_the_bounds_themselves_are_accepted() -> None:
    found = load(stats={"epsilon": "0.001", "requestor_cap": 10, "home_cap": "10.0"}).stats
    assert (found.epsilon, found.requestor_cap, found.home_cap) == (Decimal("0.001"), Decimal(10), Decimal(10))


def test_tokens_are_masked_and_their_table_is_frozen() -> None:
    settings = load(stats={"tokens": {"uni": "s3cret"}})
    assert settings.stats.tokens["uni"].get_secret_value() == "s3cret"
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.stats.model_dump())):
        assert "s3cret" not in shown
        assert "**" in shown
    with pytest.raises(TypeError, match="does not support item assignment"):
        settings.stats.tokens["new"] = "s3cret"  # type: ignore[index]
