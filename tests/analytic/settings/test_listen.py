# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import Any

import pytest

from analytic.errors import BadSettings
from analytic.settings import load


@pytest.mark.parametrize(
    ("listen", "said"),
    [
        ({"sources": {"the hall": "mic:"}}, "listen.sources: 'the hall': a source's name has 1 to 64 characters"),
        ({"sources": {"": "mic:"}}, "listen.sources: '': a source's name"),
        ({"tokens": {"a/b": "secret"}}, "listen.tokens: 'a/b': a source's name"),
        ({"max_sources": 0}, "listen.max_sources"),
        ({"workers": 0}, "listen.workers"),
        ({"backlog_s": 0.5}, "listen.backlog_s"),
        ({"lost_after_s": 0}, "listen.lost_after_s"),
        ({"source": {}}, "listen.source"),
    ],
)
def test_what_is_wrong_is_refused_by_name(listen: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettings, match=said) as caught:
        load(listen=listen)
    assert "secret" not in str(caught.value)


def test_names_are_those_of_sources() -> None:
    listen = load(listen={"sources": {"hall.1_a-B": "mic:"}, "tokens": {"x" * 64: "secret"}}).listen
    assert {name: one.get_secret_value() for name, one in listen.sources.items()} == {"hall.1_a-B": "mic:"}
    assert listen.tokens["x" * 64].get_secret_value() == "secret"


def test_its_tables_are_frozen() -> None:
    listen = load(listen={"sources": {"hall": "mic:"}, "tokens": {"hall": "secret"}}).listen
    for table in (listen.sources, listen.tokens):
        with pytest.raises(TypeError, match="does not support item assignment"):
            table["new"] = "mic:"  # type: ignore[index]


def test_the_password_of_a_camera_is_masked_wherever_settings_are_shown() -> None:
    settings = load(listen={"sources": {"porch": "rtsp://me:s3cret@camera/1"}})
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.listen.model_dump())):
        assert "s3cret" not in shown
