# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Is this a discovery message that Home Assistant takes? The answer of discovery.schema.json."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = Path(__file__).with_name("discovery.schema.json")


@cache
def validator() -> Draft202012Validator:
    """Return the validator of the whole message: its topic, and its payload parsed."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def mistakes(topic: str, payload: dict[str, Any]) -> list[str]:
    """Return what is wrong with a discovery message, one line a mistake; nothing where it is good."""
    found = validator().iter_errors({"topic": topic, "payload": payload})
    return [f"{error.json_path}: {error.message}" for error in found]
