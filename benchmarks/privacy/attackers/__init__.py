# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Attackers: each takes what an anonymiser gave back and says what was spoken, or who spoke."""
