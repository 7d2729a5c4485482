# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient


def test_without_live_sources_the_list_is_empty_and_none_is_known(client: FlaskClient) -> None:
    assert client.get("/sources").get_json() == {"sources": []}
    for answer in (client.get("/sources/kitchen"), client.delete("/sources/kitchen")):
        assert answer.status_code == 404
        assert answer.get_json() == {"status": "error", "message": "Unknown source: 'kitchen'"}


def test_a_name_that_is_no_id_is_400(client: FlaskClient) -> None:
    for answer in (client.get("/sources/a%20b"), client.delete("/sources/a%20b")):
        assert answer.status_code == 400


def test_the_mode_is_told(client: FlaskClient) -> None:
    assert client.get("/mode").get_json() == {"mode": "home", "set": False, "modes": ["home"]}


def test_it_is_set_and_left_to_the_schedule_again(client: FlaskClient) -> None:
    assert client.put("/mode", json={"mode": "home"}).get_json()["set"] is True
    assert client.put("/mode", json={"mode": None}).get_json()["set"] is False


@pytest.mark.parametrize("body", [{"mode": "dusk"}, {"mode": ["home"]}, {"mode": {}}, {"mode": 1}, {}, [], "home", 1])
def test_what_is_no_mode_is_400(client: FlaskClient, body: Any) -> None:
    answer = client.put("/mode", json=body)
    assert answer.status_code == 400
    assert answer.get_json()["message"].startswith("Invalid mode: expected null or one of home, found ")


def test_without_a_mode_the_answer_says_what_is_missing(client: FlaskClient) -> None:
    for body in (b"", b"nonsense", b"[]", b"{}"):
        message = client.put("/mode", data=body).get_json()["message"]
        assert message.endswith("""found 'a body without {"mode": ...}'""")


def test_the_body_is_json_whatever_its_type_says(client: FlaskClient) -> None:
    answer = client.put("/mode", data=b'{"mode": "home"}', content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.get_json()["set"]) == (200, True)
