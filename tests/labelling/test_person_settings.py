"""Settings for a person: complete without torch, and with choices that need no true labels."""

from __future__ import annotations

import subprocess
import sys

from src_model.active_learning.acquisition.registry import ACQUISITIONS
from src_model.labelling.person_settings import ASKS, person_settings


def test_a_person_is_asked_eight_regions_out_of_twenty_each_without_chance() -> None:
    config = person_settings()
    assert config.acquisition.regions_per_query == 8
    assert config.acquisition.pool_size == 20
    assert config.dqn.epsilon_start == config.dqn.epsilon_end == 0


def test_every_acquisition_that_needs_no_true_labels_may_be_chosen() -> None:
    assert set(ASKS) == set(ACQUISITIONS) - {"label_balance_true", "gain_greedy"}


def test_the_settings_are_told_without_torch() -> None:
    told = "import sys; from src_model.labelling.person_settings import person_settings; person_settings(); "
    subprocess.run([sys.executable, "-c", told + "sys.exit('torch' in sys.modules)"], check=True)
