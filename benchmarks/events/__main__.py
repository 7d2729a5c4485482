# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``python -m benchmarks.events``."""

import sys

from benchmarks.events.run import main

main(sys.argv[1:])
