# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The tests; a package, so that nobody else's of that name is found before it."""
