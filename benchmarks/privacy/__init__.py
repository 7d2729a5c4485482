# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What the worst attacker still hears after an anonymiser, and what the anonymiser costs: ``make bench-privacy``.

What is hidden is what was said (20 sentences, PINs) and who said it. Each method is attacked by everything in
`attackers`, after everything in `inverters`; the figure that counts is the highest. An attacker is *ignorant* (does not
know of the method), *lazy-informed* (passes its own reference recordings through the method, with another key) or
*semi-informed* (trains on anonymised speech of other people); names as in the VoicePrivacy Challenge 2024, arXiv
2404.02677. These attackers are a floor: they are small, and a modern recogniser of speech or voices does better.
Others join through the entry point group ``hearken.attackers``, see `attackers.base`.

May import: model, anonymizers, analytic.app and what it gives; benchmarks.
"""
