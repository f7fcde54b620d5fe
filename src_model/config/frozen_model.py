"""The form of all settings: they do not change, and unknown names are refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """Some of the settings of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
