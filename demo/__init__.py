# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``make demo``: the main job, shown on a sound made here. A client of the service: it uses its ports, not its code."""
