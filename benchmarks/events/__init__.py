# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``make bench-events``: alarms in soundscapes, false alarms in household days, and the thresholds that come of them.

`streams` says which streams there are; `windows` lets a tagger hear them once and keeps what it gave; `detect` runs
heads and policy over that; `calibrate` finds operating points; `run` does it all, and resumes where it stopped.
"""
