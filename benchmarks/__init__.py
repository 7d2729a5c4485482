# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Measurements. Each writes benchmarks/results/NAME.json with the machine it ran on; README and docs quote those."""
