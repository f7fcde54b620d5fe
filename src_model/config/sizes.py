"""Sizes in settings: written HEIGHTxWIDTH, read as a pair."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer


def parse_size(value: object) -> object:
    """Turn ``"128x256"`` (HEIGHTxWIDTH) into ``(128, 256)``; anything else is left to pydantic.

    Raises
    ------
    ValueError
        If the text is not two positive whole numbers joined by an x.
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*([1-9]\d*)\s*[x×]\s*([1-9]\d*)\s*", value)
    if match is None:
        raise ValueError(f"{value!r} is not a size; write HEIGHTxWIDTH, for example 90x80")
    return int(match[1]), int(match[2])


ConfiguredSize = Annotated[
    tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]],
    BeforeValidator(parse_size),
    PlainSerializer(lambda size: f"{size[0]}x{size[1]}", return_type=str),
]
"""Height and width in pixels; reads and writes ``HEIGHTxWIDTH``."""
