# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The report as a JSON document, for programs: all of it but the spectrogram."""

from __future__ import annotations

import json

from analytic.reports.report import Report


def to_bytes(report: Report) -> bytes:
    """Return the report as pretty-printed JSON in UTF-8; equal reports give equal bytes.

    Raises
    ------
    ValueError
        A number in it is not finite, which JSON cannot say.
    """
    text = json.dumps(report.to_json(), ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True)
    # Half a character, as file names may have, is no UTF-8; written with a backslash it is JSON's own escape.
    return f"{text}\n".encode(errors="backslashreplace")
