"""Random numbers by address: what is drawn for one thing of one scene depends on nothing else that was drawn."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

STRATUM = 10
"""Consecutive sequences that share one draw without repetition."""


class Address(NamedTuple):
    """Where a sequence is: everything drawn for it begins with these."""

    domain: str
    world: int
    seed: int
    sequence: int


def generator_at(*address: int | str) -> np.random.Generator:
    """Independent random numbers for one address such as (domain, world, seed, sequence, "weather").

    Streams are addressed, not consumed: an image does not depend on how many are made. Integers are at least 0.
    """
    words = [int.from_bytes(part.encode(), "little") if isinstance(part, str) else part for part in address]
    return np.random.default_rng(np.random.SeedSequence(words))


@lru_cache(maxsize=512)
def spread_uniform(address: Address, what: str) -> float:
    """A number in 0 … 1 for one sequence, spread evenly over each ten sequences.

    What is to happen in a tenth of all sequences happens in exactly one of ten, so that small data sets hold the rare
    classes too.
    """
    block, place = divmod(address.sequence, STRATUM)
    rng = generator_at(*address[:-1], "spread", what, block)
    return float((rng.permutation(STRATUM)[place] + rng.random(STRATUM)[place]) / STRATUM)
