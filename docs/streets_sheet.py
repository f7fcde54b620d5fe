"""Makes the contact sheet of the embedded streets again: ``python docs/streets_sheet.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from src_model.data.annotation import VOID
from src_model.data.streets.domain import DOMAINS
from src_model.data.streets.scene import street_scene

SHEET = Path(__file__).parent / "pictures" / "streets.jpg"
SIZE = (256, 512)
SHOWN = {"source": (3, 6, 8, 12), "target": (4, 5, 11, 15), "drone": (5, 6, 4, 3)}
"""Sequences of each domain, frame 0."""


def sheet() -> Image.Image:
    """A row of pictures and a row of their labels for each domain, at half the size they are drawn in."""
    rows = []
    for domain, sequences in SHOWN.items():
        colours = np.zeros((256, 3), dtype=np.uint8)
        schema = DOMAINS[domain].schema
        colours[: schema.num_classes] = schema.colours
        colours[VOID] = 0
        scenes = [street_scene(domain, sequence, 0, SIZE) for sequence in sequences]
        rows.append(np.concatenate([image for image, _ in scenes], axis=1))
        rows.append(np.concatenate([colours[labels] for _, labels in scenes], axis=1))
    whole = Image.fromarray(np.concatenate(rows))
    return whole.resize((whole.width * 5 // 8, whole.height * 5 // 8), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    SHEET.parent.mkdir(exist_ok=True)
    sheet().save(SHEET, quality=82, optimize=True)
