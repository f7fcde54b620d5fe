"""Settings of the query network: how it explores, learns and is rewarded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from src_model.config.frozen_model import FrozenModel

SHIPPED = "shipped"
"""Start policy: the shipped one, which answers for any classes."""

StartPolicy = Annotated[
    Literal["shipped"] | Path | None, BeforeValidator(lambda value: None if value == "none" else value)
]
"""``shipped``, a file, or ``none`` (None)."""


class DQNConfig(FrozenModel):
    """The query network: how it explores, learns and is rewarded."""

    policy: Path | None = Field(
        default=None,
        description="Trained policy to load; `napari-ralis train-policy` makes one. Without it the shipped one, unless "
        "features are reference.",
    )
    start_policy: StartPolicy = Field(
        default=None,
        description="Policy that train-policy goes on from: a file, shipped, or none (random weights). It then "
        "explores as at the end of a training (epsilon_end), unless epsilon_start is given.",
    )
    features: Literal["reference", "default"] = Field(
        default="reference",
        description="What a policy in training sees: as published, tied to classes and D_S, or tied to neither. "
        "A trained policy brings its own.",
    )
    target: Literal["double_dqn", "sarsa"] = Field(
        default="double_dqn", description="Learning rule: published code, or the seed's text."
    )
    episodes: int = Field(default=10, ge=1, description="Episodes of train-policy.")
    optimiser: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = Field(default=1e-3, gt=0)
    momentum: float = Field(default=0.95, ge=0, lt=1)
    weight_decay: float = Field(default=1e-3, ge=0)
    learning_rate_decay: float = Field(
        default=0.97, gt=0, le=1, description="Per step; the published 0.97 stops learning after ~10 episodes."
    )
    batch_size: int = Field(default=16, ge=1)
    updates: int = Field(default=1, ge=1, description="Gradient steps an environment step.")
    gamma: float = Field(default=0.999, ge=0, le=1)
    replay_capacity: int = Field(default=600, ge=1, description="Transitions (sub-actions) kept.")
    target_sync: int = Field(default=5, ge=1, description="Steps between copies to the target network.")
    epsilon_start: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="Chance of a random choice at first; with a start policy, unless given, that of epsilon_end.",
    )
    epsilon_end: float = Field(default=0.05, ge=0, le=1)
    epsilon_decay: float = Field(
        default=10.0, gt=0, description="Environment steps after which exploration has fallen to 1/e."
    )
    epsilon_coin: Literal["step", "sub_action"] = Field(
        default="step", description="One coin for all K (published) or one for each."
    )
    reward: Literal["mean_iou", "weighted_iou"] = Field(
        default="mean_iou", description="Φ, whose gain is the reward; weighted_iou lifts rare classes."
    )
    weighted_epsilon: float = Field(
        default=1.02, description="ε in w_c = 1/ln(f_c + ε); every logarithm must stay positive."
    )
    reward_baseline: Literal["zero", "measured"] = Field(
        default="zero", description="Φ_0: the published code starts from 0, which makes the first reward an outlier."
    )
    credit: Literal["shared", "class"] = Field(
        default="shared",
        description="The whole reward for each of the K (published), or each class's gain to those who brought it.",
    )
    huber_knee: float = Field(
        default=1.0,
        gt=0,
        description="Points of temporal difference up to which the loss is squared; small follows the median reward.",
    )

    @model_validator(mode="before")
    @classmethod
    def _a_start_policy_knows_what_to_ask(cls, given: Any) -> Any:
        """Decided here, so that the settings kept with a run say how it explored.

        Random choices are for a network that knows nothing; one that has been trained would forget by them what it
        knows before it has seen what follows from its own.
        """
        if not isinstance(given, Mapping) or given.get("start_policy") in (None, "none"):
            return given
        return {"epsilon_start": given.get("epsilon_end", cls.model_fields["epsilon_end"].default), **given}

    @model_validator(mode="after")
    def _exploration_falls(self) -> DQNConfig:
        if self.epsilon_end > self.epsilon_start:
            raise ValueError("epsilon_end must not be larger than epsilon_start")
        return self
