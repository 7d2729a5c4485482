# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The pages: plain HTML, CSS and JavaScript beside this file, nothing from elsewhere. May import: nothing of ours."""

from __future__ import annotations

from importlib import resources

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_FILES = {"/form": "form.html", "/form.css": "form.css", "/form.js": "form.js"}


def pages() -> dict[str, tuple[bytes, str]]:
    """Return all pages: address -> bytes, and media type."""
    folder = resources.files(__name__)
    return {
        address: ((folder / name).read_bytes(), f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8")
        for address, name in _FILES.items()
    }
