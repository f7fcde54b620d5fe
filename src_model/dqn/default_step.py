"""A step as the default query network sees it: its candidates, pool by pool, given what the query holds by then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from src_model.dqn.default_divergences import divergences_to_each_other, divergences_to_labelled
from src_model.dqn.default_features import (
    ACTION_FEATURES,
    LIMIT,
    REGION_NAMES,
    SLOT_FEATURES,
    SLOTS,
    SMOOTHING,
    FloatArray,
    Places,
    Predicted,
    Standing,
)

Features = npt.NDArray[np.float32]

RARITY = 6.0
"""ν of the weighted margin p₂/p₁ · (ν·s_c + 1)⁻², as published for class-balanced margins."""

_LEAST_SHARE = 1e-3
_GAIN, _GAIN_Z, _TURN = (REGION_NAMES.index(name) for name in ("gain", "gain_z", "turn"))


class DefaultStep:
    """The candidates of one step. What depends on what the query holds already is made for each pool, the rest once.

    Classes are put in an order of their own first, so that neither a feature nor a rounding error depends on the
    order in which they come.

    Parameters
    ----------
    candidates, places:
        Of N = K·P candidates, (k, p) at position k·P + p.
    standing:
        How the episode stands.
    regions_per_query, pool_size:
        K and P.
    """

    def __init__(
        self,
        candidates: Predicted,
        places: Places,
        standing: Standing,
        regions_per_query: int,
        pool_size: int,
    ) -> None:
        self.regions_per_query = regions_per_query
        self.pool_size = pool_size
        self.probabilities = candidates.probabilities
        """(N, C) p̄, classes in the order in which they came."""
        self._order = class_order(candidates, standing)
        candidates, standing = _reordered(candidates, standing, self._order)
        shares = candidates.probabilities
        self._shares = shares
        self._shares_by_class = np.ascontiguousarray(shares.T)
        self._labelled = standing.labelled.sum(axis=0)
        self._regions_labelled = len(standing.labelled)
        pool_shares = shares.mean(axis=0)
        self._by_candidate = _by_candidate(candidates, pool_shares).astype(np.float32)
        self._by_class = np.column_stack(
            [np.sqrt(pool_shares), standing.iou * standing.iou_known, standing.iou_known, standing.reliability]
        )
        self._of_regions = _of_regions(candidates, places, standing).astype(np.float32)

    def pool(self, turn: int, taken: npt.NDArray[np.floating]) -> Features:
        """Pool k as it is seen when ``turn`` = k regions have been chosen from the pools before it.

        Parameters
        ----------
        taken:
            (C,) sum of the predicted shares (`probabilities`) of what has been chosen.

        Returns
        -------
        (P, F) float32
        """
        rows = slice(turn * self.pool_size, (turn + 1) * self.pool_size)
        return self._seen(rows, turn, np.asarray(taken, dtype=np.float64)[self._order])

    def all_pools(self) -> Features:
        """(K, P, F) float32: all candidates as they are seen before the first is chosen."""
        features = self._seen(slice(None), 0, np.zeros(len(self._order)))
        return features.reshape(self.regions_per_query, self.pool_size, ACTION_FEATURES)

    def _seen(self, rows: slice, turn: int, taken: FloatArray) -> Features:
        labelled = self._labelled + taken
        # Σ ln(1 + p̄/(n+s)) as one logarithm of a product, which cannot exceed e¹⁰⁰ because the shares sum to 1.
        ratios = 1.0 + self._shares_by_class / (labelled + SMOOTHING)[:, None]
        totals = np.log(ratios.prod(axis=0))
        region = self._of_regions[rows].copy()
        region[:, _GAIN] = np.minimum(np.log1p(totals[rows]) / 1.6, LIMIT)
        region[:, _GAIN_Z] = standardised(totals)[rows]
        region[:, _TURN] = turn / self.regions_per_query
        table = self._class_table(labelled, taken, turn)
        slots = self._slots(rows, np.log(ratios[:, rows].T), max(float(totals.mean()), 1e-9), table)
        return np.concatenate([region, slots.reshape(len(region), -1)], axis=1)

    def _class_table(self, labelled: FloatArray, taken: FloatArray, turn: int) -> FloatArray:
        """(C, 7): what a slot says of its class, whatever the candidate."""
        regions = max(1, self._regions_labelled + turn)
        return np.column_stack(
            [
                self._by_class,
                np.minimum(np.log1p(labelled / SMOOTHING) / 4, LIMIT),
                np.sqrt(np.minimum(labelled / regions, 1.0)),
                np.minimum(np.log1p(taken), LIMIT),
            ]
        )

    def _slots(self, rows: slice, gains: FloatArray, mean_total: float, table: FloatArray) -> Features:
        """(n, M, F_c) of candidates with gains (n, C): the classes of largest gain, the rest zeros.

        Gains shrink as labels are collected. Relative to the mean candidate's total they keep their size.
        """
        chosen = np.argsort(-gains, axis=1, kind="stable")[:, :SLOTS]  # (n, min(M, C))
        filled = chosen.shape[1]
        candidate = np.arange(len(gains))[:, None]
        slots = np.zeros((len(gains), SLOTS, SLOT_FEATURES), dtype=np.float32)
        of_candidate = 1 + self._by_candidate.shape[2]
        slots[:, :filled, 0] = 1.0
        slots[:, :filled, 1:of_candidate] = self._by_candidate[rows][candidate, chosen]
        slots[:, :filled, of_candidate:-2] = table[chosen]
        slots[:, :filled, -2] = gains[candidate, chosen] / 2
        slots[:, :filled, -1] = np.minimum(gains[candidate, chosen] / mean_total, LIMIT)
        return slots


def standardised(values: npt.NDArray[np.floating]) -> FloatArray:
    """(N,) deviations from the mean in standard deviations, cut off at ±3; zeros where all are equal."""
    centred = values - values.mean()
    deviation = centred.std()
    if deviation <= 1e-9 * np.abs(values).max(initial=1e-9):
        return np.zeros(len(values))
    clipped: FloatArray = np.clip(centred / deviation, -LIMIT, LIMIT)
    return clipped


def class_order(candidates: Predicted, standing: Standing) -> npt.NDArray[np.intp]:
    """(C,) an order of the classes that follows from what is known of them: most predicted first."""
    keys = [
        *(standing.found, standing.promised, standing.iou * standing.iou_known, standing.labelled.sum(axis=0)),
        *(candidates.counts.sum(axis=0), candidates.probabilities.sum(axis=0)),
    ]
    return np.lexsort([-key for key in keys])


def _reordered(candidates: Predicted, standing: Standing, order: npt.NDArray[np.intp]) -> tuple[Predicted, Standing]:
    """The same with the classes in this order."""

    def turned(values: FloatArray) -> FloatArray:
        return np.ascontiguousarray(values[..., order])

    return (
        replace(
            candidates,
            counts=turned(candidates.counts),
            probabilities=turned(candidates.probabilities),
            margin_by_class=turned(candidates.margin_by_class),
            entropy_by_class=turned(candidates.entropy_by_class),
        ),
        replace(
            standing,
            labelled=turned(standing.labelled),
            iou=turned(standing.iou),
            iou_known=standing.iou_known[order],
            promised=turned(standing.promised),
            found=turned(standing.found),
        ),
    )


def _by_candidate(candidates: Predicted, pool_shares: FloatArray) -> FloatArray:
    """(N, C, 6): what a slot says of its class in this candidate, whatever the query holds."""
    shares, counts = candidates.probabilities, candidates.counts
    excess = np.log((shares + _LEAST_SHARE) / (pool_shares + _LEAST_SHARE))
    return np.stack(
        [
            shares,
            np.sqrt(shares),
            counts / counts.sum(axis=1, keepdims=True),
            np.clip(excess, -LIMIT, LIMIT),
            _means(candidates.margin_by_class, counts),
            np.minimum(_means(candidates.entropy_by_class, counts) / 2, LIMIT),
        ],
        axis=-1,
    )


def _means(sums: FloatArray, counts: FloatArray) -> FloatArray:
    """Sums over pixels divided by their number, 0 where there are none."""
    return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)


def _of_regions(candidates: Predicted, places: Places, standing: Standing) -> FloatArray:
    """(N, R): the numbers of each region; those that depend on what the query holds are filled in later."""
    class_shares = candidates.counts.sum(axis=0) / candidates.counts.sum()
    weights = (RARITY * class_shares + 1.0) ** -2
    measured = {
        "entropy": np.minimum(candidates.entropy / 2, LIMIT),
        "margin": candidates.margin,
        "impurity": np.minimum(np.log1p(candidates.impurity), LIMIT),
        "weighted_margin": candidates.margin_by_class @ weights / candidates.counts.sum(axis=1),
    }
    later = dict.fromkeys(("gain", "gain_z", "turn"), np.zeros(len(places.area)))
    columns = measured | {f"{name}_z": standardised(values) for name, values in measured.items()} | later
    columns |= {
        "cost": np.clip(np.log(places.area), -LIMIT, LIMIT),
        "row": places.row,
        "column": places.column,
        "image_labelled": places.image_labelled,
        "neighbours_labelled": places.neighbours_labelled,
    }
    shares = candidates.probabilities
    divergences = np.concatenate(
        [divergences_to_labelled(shares, standing.labelled), divergences_to_each_other(shares)], axis=1
    )
    named = [columns[name] for name in REGION_NAMES if not name.startswith("kl_")]
    return np.column_stack([*named, divergences])
