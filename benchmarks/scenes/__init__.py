# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Made-up soundscapes, household days and weeks out of labelled recordings, and the scoring of what was heard in them.

After the ideas of Scaper (J. Salamon et al., "Scaper: A Library for Soundscape Synthesis and Augmentation", WASPAA
2017): foreground events drawn at random are put onto a background at a stated signal-to-noise ratio, so that the truth
is known to the sample. Knows recordings and the names of the alert classes; knows no tagger and no policy.
"""
