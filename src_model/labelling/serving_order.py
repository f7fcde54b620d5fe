"""Serving order: in which order the regions of one query are put before a person, so that not each is a new street."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from src_model.data.region import Region

LONGEST_STAY = 4
"""Regions of an image in a row; with more, others of the sequence come in between."""


def serving_order(regions: Sequence[Region], sequence: Callable[[str], str]) -> tuple[Region, ...]:
    """The same regions, those of an image one after another and images of a sequence together.

    Sequences and images come in the order in which the query names them first, and so do the regions of an image: what
    was chosen first is served as early as that allows. Of an image with more than `LONGEST_STAY` regions about equal
    shares are served each time round.

    Parameters
    ----------
    regions:
        Of one query; regions of two are never mixed.
    sequence:
        Drive or flight that an image was taken on.
    """
    by_sequence: dict[str, dict[str, list[Region]]] = {}
    for region in regions:
        by_sequence.setdefault(sequence(region.image), {}).setdefault(region.image, []).append(region)
    return tuple(region for images in by_sequence.values() for region in _in_rounds(list(images.values())))


def _in_rounds(images: Sequence[Sequence[Region]]) -> Iterator[Region]:
    stays = [-(-len(own) // -(-len(own) // LONGEST_STAY)) for own in images]
    rounds = max(-(-len(own) // stay) for own, stay in zip(images, stays, strict=True))
    for turn in range(rounds):
        for own, stay in zip(images, stays, strict=True):
            yield from own[turn * stay : (turn + 1) * stay]
