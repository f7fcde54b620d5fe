"""State of a segmenter as named tensors: network and optimiser, and start weights whose classes are mapped by name."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import torch
from torch import nn

from src_model.checkpoint import load_tensors, save_tensors
from src_model.config import SegmentationConfig
from src_model.exceptions import CheckpointError, ConfigurationError
from src_model.segmentation.network import SegmentationNetwork

logger = logging.getLogger(__name__)

Tensors = dict[str, torch.Tensor]

_KIND = "segmenter"
_NETWORK = "network."
_OPTIMISER = "optimiser."
_HEAD = "head."


def network_state(network: nn.Module) -> Tensors:
    """Copies of all weights on the CPU, named ``network.…``."""
    return {_NETWORK + name: _copied(tensor) for name, tensor in network.state_dict().items()}


def load_network_state(network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Put back what `network_state` gave; the network is left as it was if anything does not fit.

    Raises
    ------
    CheckpointError
        If a weight is missing, unknown or of another shape.
    """
    given = _under(_NETWORK, state)
    check_fit(network.state_dict(), given, "Use the settings the segmenter was made with, or train anew.")
    network.load_state_dict(given)


def check_fit(wanted: Mapping[str, torch.Tensor], given: Mapping[str, torch.Tensor], remedy: str) -> None:
    """Refuse tensors whose names or shapes are not the wanted ones.

    Raises
    ------
    CheckpointError
        Naming the first few at fault.
    """
    faults = [f"{name} is missing" for name in wanted.keys() - given.keys()]
    faults += [f"{name} is unknown" for name in given.keys() - wanted.keys()]
    faults += [
        f"{name} is {tuple(given[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in wanted.keys() & given.keys()
        if given[name].shape != wanted[name].shape
    ]
    if faults:
        shown = "; ".join(sorted(faults)[:3])
        raise CheckpointError(f"These weights are of another network ({len(faults)} differences: {shown}). {remedy}")


def optimiser_state(optimiser: torch.optim.Optimizer, network: nn.Module) -> Tensors:
    """Copies on the CPU of all the optimiser remembers, named ``optimiser.<parameter>.<quantity>``."""
    return {
        f"{_OPTIMISER}{name}.{quantity}": _copied(torch.as_tensor(value))
        for name, parameter in network.named_parameters()
        for quantity, value in optimiser.state.get(parameter, {}).items()
        if value is not None
    }


def checked_optimiser_state(network: nn.Module, state: Mapping[str, torch.Tensor]) -> dict[str, Tensors]:
    """What `optimiser_state` gave, by parameter and quantity.

    Raises
    ------
    CheckpointError
        If a tensor belongs to no parameter or has neither its shape nor that of a single number.
    """
    parameters = dict(network.named_parameters())
    remembered: dict[str, Tensors] = {}
    for name, tensor in _under(_OPTIMISER, state).items():
        parameter, _, quantity = name.rpartition(".")
        if parameter not in parameters or (tensor.dim() and tensor.shape != parameters[parameter].shape):
            raise CheckpointError(
                f"The optimiser's {name} {tuple(tensor.shape)} does not belong to this network. "
                "Use the settings the segmenter was made with, or train anew."
            )
        remembered.setdefault(parameter, {})[quantity] = tensor
    return remembered


def load_optimiser_state(
    optimiser: torch.optim.Optimizer, network: nn.Module, remembered: Mapping[str, Tensors]
) -> None:
    """Make an optimiser remember what `checked_optimiser_state` found, and nothing else."""
    numbered = {
        number: {quantity: tensor.clone() for quantity, tensor in remembered[name].items()}
        for number, (name, _) in enumerate(network.named_parameters())
        if name in remembered
    }
    optimiser.load_state_dict({"state": numbered, "param_groups": optimiser.state_dict()["param_groups"]})


def save_start_weights(
    path: Path, state: Mapping[str, torch.Tensor], class_names: Sequence[str], config: SegmentationConfig
) -> None:
    """Write the network in a segmenter's state, so that another data set can start from it.

    Parameters
    ----------
    path:
        File to write.
    state:
        What ``state_dict`` of a segmenter gave; the optimiser is left out.
    class_names:
        C names in the order of the class indices.
    config:
        How the network is built; kept for the reader of the file.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    """
    weights = {name: tensor for name, tensor in state.items() if name.startswith(_NETWORK)}
    made_with = {"architecture": config.architecture, "encoder": config.encoder, "merge_policy": config.merge_policy}
    save_tensors(path, weights, {"kind": _KIND, "classes": list(class_names), **made_with})


def halve_start_weights(path: Path, out: Path) -> None:
    """Write start weights again with their matrices and kernels as float16: half the size.

    What has one number a channel stays as it is: the variances of batch normalisation may be too small for float16.

    Raises
    ------
    CheckpointError
        If ``path`` is missing or damaged, or ``out`` cannot be written.
    """
    tensors, header = load_tensors(path)
    halved = {name: tensor.half() if tensor.dim() > 1 else tensor for name, tensor in tensors.items()}
    save_tensors(out, halved, header)


def load_start_weights(
    network: SegmentationNetwork,
    path: Path,
    class_names: Sequence[str],
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Fill a network from `save_start_weights`; rows of its head go to the class of the same name.

    ``aliases`` maps names of the file to names here; where several classes of the file become one, as traffic light
    and traffic sign become CamVid's sign, its row is their mean. Classes that the file does not know keep the
    network's own random start. Capital letters do not count.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, not of a segmenter or of another architecture or encoder.
    ConfigurationError
        If the classes here have no names.
    """
    if not class_names:
        raise ConfigurationError("start_weights maps classes by name, but these have none. Give a class schema.")
    tensors, header = load_tensors(path)
    known = header.get("classes")
    if header.get("kind") != _KIND or not isinstance(known, list):
        raise CheckpointError(f"{path} holds no segmenter. Choose a file made by a training of the segmenter.")
    own = network.state_dict()
    given = _under(_NETWORK, tensors)
    sources = _sources(known, class_names, aliases)
    for name in own.keys() & given.keys():
        if name.startswith(_HEAD) and len(given[name]) == len(known):
            given[name] = _mapped_rows(own[name], given[name], sources)
    made_with = ", ".join(str(header.get(key)) for key in ("architecture", "encoder", "merge_policy"))
    check_fit(own, given, f"{path} was made with {made_with}: choose the same, or other start weights.")
    network.load_state_dict(given)
    logger.info("%s: %d of %d classes start from weights of that name.", path, len(sources), len(class_names))


def _sources(known: Sequence[str], wanted: Sequence[str], aliases: Mapping[str, str]) -> dict[int, list[int]]:
    """Rows of the file for each row of the head that it knows something of."""
    own_names = {foreign.casefold(): own.casefold() for foreign, own in aliases.items()}
    rows = {name.casefold(): row for row, name in enumerate(wanted)}
    sources: dict[int, list[int]] = {}
    for row, name in enumerate(known):
        target = rows.get(own_names.get(name.casefold(), name.casefold()))
        if target is not None:
            sources.setdefault(target, []).append(row)
    return sources


def _mapped_rows(own: torch.Tensor, given: torch.Tensor, sources: Mapping[int, Sequence[int]]) -> torch.Tensor:
    if given.shape[1:] != own.shape[1:]:
        return given
    mapped = own.clone()
    for target, rows in sources.items():
        mapped[target] = given[list(rows)].mean(dim=0)
    return mapped


def _under(prefix: str, state: Mapping[str, torch.Tensor]) -> Tensors:
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}


def _copied(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().to("cpu", copy=True)
