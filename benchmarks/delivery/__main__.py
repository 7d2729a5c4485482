# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``python -m benchmarks.delivery [kills] [faults] [clients]``: all three, or those named."""

import sys

from benchmarks.delivery.run import main

main(sys.argv[1:])
