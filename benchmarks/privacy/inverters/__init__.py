# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What an attacker does to a sound before it listens: undo the method as far as its construction allows."""
