"""Query details: what the details panel shows of a query, as a pure function of what is known."""

from __future__ import annotations

from collections.abc import Mapping

from napari_ralis.panels.details_panel import OtherRule, QueryDetails
from napari_ralis.panels.proposal_table import ProposalRow
from napari_ralis.sitting import Fate, Sitting
from src_model.data.grounds import Ground, Grounds
from src_model.data.images import Pixels
from src_model.data.region import Region
from src_model.events import Query
from src_model.labelling.reason import reason_on

_GIB = 2**30


def query_details(sitting: Sitting, query: Query | None, pictures: Mapping[Region, Pixels]) -> QueryDetails:
    """What to show of this query, with the thumbnails that are there."""
    if query is None:
        return QueryDetails("No query yet.")
    grounds = query.grounds
    if grounds is None:
        return QueryDetails(f"Query {query.step} was asked by an earlier version, which kept no details.")
    rows = tuple(
        _row(sitting, query, place, grounds, pictures.get(region)) for place, region in enumerate(query.regions)
    )
    return QueryDetails(
        _title(query, grounds), "Q" if grounds.rule == "dqn" else "score", rows, _others(query, pictures)
    )


def pictured(query: Query | None) -> tuple[Region, ...]:
    """Regions whose thumbnails are shown."""
    if query is None:
        return ()
    others = () if query.grounds is None else query.grounds.others
    return tuple(dict.fromkeys([*query.regions, *(region for _, asked in others for region in asked)]))


def machine_text(device: str, memory: int, gpu_memory: int | None) -> str:
    """One line on what computes."""
    on_gpu = "" if gpu_memory is None else f", {gpu_memory / _GIB:.1f} GiB on the GPU"
    return f"{device} · {memory / _GIB:.1f} GiB of memory in use{on_gpu}"


def _title(query: Query, grounds: Grounds) -> str:
    value = "" if grounds.state_value is None else f", V {grounds.state_value:+.2f}"
    return f"Query {query.step}: {len(query.regions)} of {grounds.candidates} candidates, by {grounds.rule}{value}"


def _row(sitting: Sitting, query: Query, place: int, grounds: Grounds, pixels: Pixels | None) -> ProposalRow:
    ground, region = grounds.regions[place], query.regions[place]
    also = "".join(name[0].upper() for name, asked in grounds.others if region in asked and name != grounds.rule)
    cells = (
        str(ground.rank),
        f"{query.scores[place]:.3g}",
        _number(ground.entropy),
        _number(ground.margin),
        "–" if ground.rarity is None else f"{100 * ground.rarity:.0f} %",
        also,
    )
    highest = max((own.entropy or 0.0 for own in grounds.regions), default=0.0)
    entropy = None if ground.entropy is None or not highest else ground.entropy / highest
    parts = (None, None, entropy, ground.margin, ground.rarity, None)
    done = sitting.fate(region) is not Fate.OPEN or sitting.annotation(region) is not None
    current = sitting.current is not None and sitting.current.region == region
    return ProposalRow(pixels, cells, parts, done, current, _reason(sitting, grounds, ground))


def _reason(sitting: Sitting, grounds: Grounds, ground: Ground) -> str:
    return reason_on(grounds, ground, sitting.schema.names).sentence


def _others(query: Query, pictures: Mapping[Region, Pixels]) -> tuple[OtherRule, ...]:
    assert query.grounds is not None
    asked_here = set(query.regions)
    found = []
    for name, asked in query.grounds.others:
        if name == query.grounds.rule:
            continue
        same = sum(region in asked_here for region in asked)
        whom = {"random": "Chance", "entropy": "Entropy"}.get(name, name)
        shared = "none of these" if not same else f"{same} of these {len(asked)}"
        shown = tuple((pictures.get(region), region in asked_here) for region in asked)
        found.append(OtherRule(f"{whom} would have asked {shared}:", shown))
    return tuple(found)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
