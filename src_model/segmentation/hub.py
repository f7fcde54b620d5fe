"""Hub weights: where an encoder's ImageNet weights lie, and their file, without ever waiting for a dead network."""

from __future__ import annotations

import logging
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import segmentation_models_pytorch as smp
import timm
from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

from src_model.exceptions import ConfigurationError

logger = logging.getLogger(__name__)

CONTACT_SECONDS = 5.0
"""Longest wait for word from the hub that it has a file, name look-up included."""

# The client's own base error has changed between releases; it is always a parent of this one. RuntimeError is what the
# hub's accelerated transfer raises.
_TRANSFER_ERRORS = cast(tuple[type[Exception], ...], (*HfHubHTTPError.__bases__, OSError, RuntimeError))


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of the Hugging Face hub; ``revision`` None is the newest."""

    repository: str
    revision: str | None = None
    name: str = "model.safetensors"


def hub_file(encoder: str) -> HubFile:
    """Where the ImageNet weights of an encoder lie.

    Raises
    ------
    ConfigurationError
        If the hub has none.
    """
    if encoder.startswith("tu-"):
        known = timm.models.get_pretrained_cfg(encoder.removeprefix("tu-"))
        if known is not None and known.hf_hub_id:
            return HubFile(known.hf_hub_id)
    else:
        weights = smp.encoders.encoders.get(encoder, {}).get("pretrained_settings", {})
        chosen = weights.get("imagenet") or next(iter(weights.values()), None)
        if chosen:
            return HubFile(chosen["repo_id"], chosen["revision"])
    raise ConfigurationError(f"The hub has no weights for the encoder {encoder!r}. Set encoder_weights to none.")


def fetch(file: HubFile) -> Path | None:
    """The file from the local cache or the hub; None, with a line in the log, where neither has it in time.

    The hub's own client tries again and again with growing waits, so it is asked only when the file has just answered.
    """
    try:
        return _local(file)
    except _TRANSFER_ERRORS:
        logger.debug("%s of %s is not in the local cache", file.name, file.repository)
    address = f"{constants.ENDPOINT}/{file.repository}/resolve/{file.revision or 'main'}/{file.name}"
    if not answers(address, CONTACT_SECONDS):
        logger.warning("%s gives no answer; the weights of %s cannot be fetched.", address, file.repository)
        return None
    try:
        return Path(hf_hub_download(file.repository, file.name, revision=file.revision))
    except _TRANSFER_ERRORS as exc:
        logger.warning("The weights of %s cannot be fetched: %s", file.repository, exc)
        return None


def answers(address: str, seconds: float) -> bool:
    """Whether a web server has what lies at this address, and says so within this time."""
    heard = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=seconds):
                heard.set()
        except urllib.error.HTTPError as refusal:
            # The hub is being repaired, or a firewall answers in its place: the client would try for half a minute.
            refusal.close()
        except (OSError, ValueError):
            return

    # A thread, because no time limit reaches the look-up of the name; a daemon, because it may outlast the program.
    thread = threading.Thread(target=ask, name="hub-contact", daemon=True)
    thread.start()
    thread.join(seconds)
    return heard.is_set()


def _local(file: HubFile) -> Path:
    return Path(hf_hub_download(file.repository, file.name, revision=file.revision, local_files_only=True))
