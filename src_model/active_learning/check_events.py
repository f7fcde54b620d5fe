"""Check events: what check regions say of a training, for people to read. Frozen and picklable like all events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from src_model.active_learning.reward_set import RewardReading
from src_model.events import Event
from src_model.labelling.measurement import Change, Measurement, Verdict, compare, difference_text, gain_text, mean_text


@dataclass(frozen=True, slots=True, eq=False)
class CheckRegionsRead(Event):
    """A fit was measured on the check regions that were labelled when it began.

    Attributes
    ----------
    step:
        Of the fit.
    measurement:
        Of the new weights.
    change:
        Against the weights before, on identical check regions; None without a reading of them.
    text:
        Both in words.
    """

    step: int
    measurement: Measurement
    change: Change | None
    text: str

    @property
    def is_told_from_zero(self) -> bool:
        """Whether the gain is measurably one or measurably a loss."""
        return self.change is not None and self.change.verdict in (Verdict.BETTER, Verdict.WORSE)


@dataclass(frozen=True, slots=True)
class ServingDecided(Event):
    """Whether the weights of this step now make the drafts, and why, in one sentence."""

    step: int
    served: bool
    text: str
    regions: int = 0
    """Labelled by then, check regions included."""


@dataclass(frozen=True, slots=True)
class KnowledgeTold(Event):
    """What the model of this step knows, in one sentence, while check regions cannot say it yet."""

    step: int
    text: str


def check_regions_read(
    step: int, before: RewardReading | None, after: RewardReading, class_names: Sequence[str]
) -> CheckRegionsRead:
    """What a fit changed, as far as two readings of the same check regions tell."""
    assert after.checked is not None
    measurement = after.checked.measurement
    change = change_between(before, after)
    text = mean_text(measurement)
    if change is not None:
        text = f"{text}. {gain_text(change, class_names)}"
    return CheckRegionsRead(step, measurement, change, text)


def change_between(before: RewardReading | None, after: RewardReading) -> Change | None:
    """The second reading against the first; None where the first is missing."""
    if before is None or before.checked is None or after.checked is None:
        return None
    return compare(before.checked.reading, after.checked.reading)


def serving_text(step: int, served_step: int, change: Change | None) -> str:
    """One sentence: whose drafts are seen from the next region on, and what check regions say of it."""
    verdict = Verdict.NOT_MEASURABLE if change is None else change.verdict
    regions = 0 if change is None else change.regions
    gain = "" if change is None or change.mean is None else difference_text(change.mean.value, change.mean.half_width)
    if verdict is Verdict.WORSE:
        return (
            f"Drafts stay with the model of step {served_step}: that of step {step} is worse "
            f"({gain}, {regions} check regions)."
        )
    if verdict is Verdict.NOT_MEASURABLE:
        return f"Drafts come from the model of step {step}; not measurable yet with {regions} check regions."
    return f"Drafts come from the model of step {step}: {verdict} ({gain}, {regions} check regions)."


def resumed_text(step: int, served_step: int, *, is_lost: bool) -> str:
    """One sentence for a project that was closed while older weights were served, or before it was decided.

    Parameters
    ----------
    step, served_step:
        Of the newest weights, and of those that were served.
    is_lost:
        Whether nothing holds the served ones any more.
    """
    if is_lost:
        return (
            f"Drafts come from the model of step {step}, though that of step {served_step} was better or is not "
            "compared with it: its weights are no longer in the project folder. The next training decides anew."
        )
    return (
        f"Drafts stay with the model of step {served_step}: the program ended before that of step {step} was compared "
        "with it. The next training decides."
    )
