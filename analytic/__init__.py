# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The service: bytes in, answers and alerts out.

Which part may import which is drawn in docs/architecture.md and held by tests/test_architecture.py.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("hearken")
except PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "0+checkout"
