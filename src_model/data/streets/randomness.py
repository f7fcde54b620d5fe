"""Random numbers by address: what is drawn for one thing of one scene depends on nothing else that was drawn."""

from __future__ import annotations

import numpy as np

STRATUM = 10
"""Consecutive sequences that share one draw without repetition."""


def generator_at(*address: int | str) -> np.random.Generator:
    """Independent random numbers for one address such as (seed, domain, sequence, "weather").

    Streams are addressed, not consumed: an image does not depend on how many are made. Integers are at least 0.
    """
    words = [int.from_bytes(part.encode(), "little") if isinstance(part, str) else part for part in address]
    return np.random.default_rng(np.random.SeedSequence(words))


def spread_uniform(sequence: int, *address: int | str) -> float:
    """A number in 0 … 1 for one sequence, spread evenly over each ten sequences.

    What is to happen in a tenth of all sequences happens in exactly one of ten, so that small data sets hold the rare
    classes too.
    """
    block, place = divmod(sequence, STRATUM)
    rng = generator_at(*address, "spread", block)
    return float((rng.permutation(STRATUM)[place] + rng.random(STRATUM)[place]) / STRATUM)
