"""Labelling: what a person does with a region, as pure functions and frozen values. It needs no torch."""
