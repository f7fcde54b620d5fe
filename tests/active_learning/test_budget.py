"""The label budget."""

from src_model.active_learning.budget import LabelBudget
from src_model.data.region import Region


def test_the_last_query_is_what_is_left():
    budget = LabelBudget(regions=10, regions_per_query=4)
    assert budget.steps_left == 3
    regions = [Region("a", row, 0, 2, 3) for row in range(0, 16, 2)]
    later = budget.after(regions)
    assert (later.asked, later.pixels, later.left) == (8, 48, 2)
    assert later.next_query(available=100) == 2
    assert later.steps_left == 1


def test_a_query_is_never_larger_than_the_pool():
    budget = LabelBudget(regions=10, regions_per_query=4)
    assert budget.next_query(available=100) == 4
    assert budget.next_query(available=3) == 3
    assert budget.next_query(available=0) == 0


def test_labels_beyond_the_budget_leave_nothing_to_ask():
    budget = LabelBudget(regions=1, regions_per_query=1).after([Region("a", 0, 0, 1, 1), Region("a", 1, 0, 1, 1)])
    assert budget.spent
    assert budget.left == 0
    assert budget.next_query(available=5) == 0


def test_a_budget_is_never_changed_in_place():
    budget = LabelBudget(regions=2, regions_per_query=1)
    budget.after([Region("a", 0, 0, 1, 1)])
    assert budget.asked == 0
