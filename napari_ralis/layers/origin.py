"""Origin: which data set or project a layer's picture is from, so that the dock can open the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from src_model.config import DataConfig

_KEY = "napari_ralis_origin"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a picture is from.

    Attributes
    ----------
    data:
        How its data set is opened.
    image:
        Its id in there.
    project:
        Folder of the project it was opened with, if it was.
    """

    data: DataConfig
    image: str
    project: Path | None = None

    def to_metadata(self) -> dict[str, Any]:
        """Plain values for the metadata of a layer, under a key of their own."""
        project = None if self.project is None else str(self.project)
        return {_KEY: {"data": self.data.model_dump(mode="json"), "image": self.image, "project": project}}


def origin_of(metadata: Mapping[str, Any]) -> Origin | None:
    """What `Origin.to_metadata` put into the metadata of a layer; None for anybody else's layer."""
    body: Any = metadata.get(_KEY)  # whatever a script has put there
    try:
        project = body["project"]
        return Origin(
            DataConfig.model_validate(body["data"]),
            str(body["image"]),
            None if project is None else Path(project),
        )
    except (TypeError, KeyError, ValidationError):
        return None
