"""Settings of a run: frozen models that feed the command line, the forms and the copy kept with each run."""

from __future__ import annotations

from src_model.config.acquisition import AcquisitionConfig
from src_model.config.data import DataConfig
from src_model.config.dqn import SHIPPED, DQNConfig
from src_model.config.labelling import CheckImages, CheckOrder, LabellingConfig
from src_model.config.layers import make_run_config, merged, read_toml
from src_model.config.presets import preset_settings
from src_model.config.run import RunConfig, Schedule
from src_model.config.segmentation import STREETS, LossWeights, SegmentationConfig, StartWeights
from src_model.config.sizes import ConfiguredSize, parse_size

__all__ = [
    "SHIPPED",
    "STREETS",
    "AcquisitionConfig",
    "CheckImages",
    "CheckOrder",
    "ConfiguredSize",
    "DQNConfig",
    "DataConfig",
    "LabellingConfig",
    "LossWeights",
    "RunConfig",
    "Schedule",
    "SegmentationConfig",
    "StartWeights",
    "make_run_config",
    "merged",
    "parse_size",
    "preset_settings",
    "read_toml",
]
