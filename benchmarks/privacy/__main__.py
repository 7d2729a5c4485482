# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``python -m benchmarks.privacy``."""

import sys

from benchmarks.privacy.run import main

if __name__ == "__main__":  # worker processes import this file too
    sys.exit(main(sys.argv[1:]))
