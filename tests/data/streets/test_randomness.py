"""Random numbers by address."""

from __future__ import annotations

from src_model.data.streets.randomness import Address, generator_at, spread_uniform


def test_an_address_gives_the_same_numbers_and_another_one_others() -> None:
    assert generator_at(1, "sky", 2).random() == generator_at(1, "sky", 2).random()
    assert len({generator_at(*address).random() for address in [(1, "sky", 2), (2, "sky", 1), (1, "sea", 2)]}) == 3


def test_of_ten_sequences_one_lies_in_each_tenth() -> None:
    for block in range(5):
        numbers = [spread_uniform(Address("target", 0, 3, 10 * block + i), "bus") for i in range(10)]
        assert sorted(int(10 * number) for number in numbers) == list(range(10))


def test_things_are_spread_apart_from_each_other() -> None:
    first = [spread_uniform(Address("target", 0, 3, i), "bus") for i in range(10)]
    assert first != [spread_uniform(Address("target", 0, 3, i), "lorry") for i in range(10)]
