"""Skip reasons and what follows from them."""

from __future__ import annotations

from src_model.labelling.skipping import CONSEQUENCES, SkipReason


def test_every_reason_has_a_consequence_that_is_put_into_words() -> None:
    assert list(CONSEQUENCES) == list(SkipReason)
    assert all(consequence.sentence.endswith(".") for consequence in CONSEQUENCES.values())


def test_only_a_region_put_off_is_asked_again() -> None:
    assert [reason for reason in SkipReason if CONSEQUENCES[reason].asked_again] == [SkipReason.LATER]


def test_each_other_reason_leads_somewhere_of_its_own() -> None:
    facts = [
        (each.asked_again, each.image_leaves_pool, each.class_requested, each.similar_rank_lower)
        for each in CONSEQUENCES.values()
    ]
    assert len(set(facts)) == len(facts)
    assert CONSEQUENCES[SkipReason.BAD_IMAGE].image_leaves_pool
    assert CONSEQUENCES[SkipReason.NO_CLASS_FITS].class_requested
    assert CONSEQUENCES[SkipReason.NOT_USEFUL].similar_rank_lower
