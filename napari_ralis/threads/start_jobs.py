"""Jobs before the first region: draw the streets, lay a project's folder out, see which recent folders are there."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_ralis.threads.dataset_jobs import Step, is_project
from napari_ralis.threads.engine_worker import Job
from src_model.config import DataConfig
from src_model.data.class_schema import ClassSchema
from src_model.data.readers.class_table import write_class_table
from src_model.data.streets.sample import SAMPLE, draw_sample, sample_config
from src_model.exceptions import ProjectError
from src_model.project.class_notes import ClassNote, write_class_notes
from src_model.project.folder import CLASS_TABLE, cannot_write, refuse_what_is_there


@dataclass(frozen=True, slots=True)
class Plan:
    """A project as it was asked for.

    Attributes
    ----------
    folder:
        Where it shall lie.
    data:
        The images.
    classes:
        What is labelled, where the data set brings no classes; None: its own.
    notes:
        What was said of the classes, by id.
    settings:
        Nested, laid over the usual ones.
    """

    folder: Path
    data: DataConfig
    classes: ClassSchema | None = None
    notes: Mapping[int, ClassNote] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """A folder in which labelling may begin; no settings: the project is there already."""

    folder: Path
    settings: dict[str, Any] | None


def project_job(plan: Plan) -> Job:
    """Lay out the folder of a new project, unless there is one: what was said of its classes; returns a `Ready`."""

    def job() -> Ready:
        if is_project(plan.folder):
            raise ProjectError(f"{plan.folder} is a project already. Open it, or choose another folder for a new one.")
        return _laid_out(plan)

    return job


def streets_job() -> Job:
    """Draw the sample streets unless they are there; returns a `Ready` with a project beside them."""

    def job() -> Generator[Step, None, Ready]:
        for done in draw_sample():
            yield Step("Drawing streets …", done, len(SAMPLE))
        data = sample_config()
        folder = data.path.with_name(f"{data.path.name}-labels")
        return Ready(folder, None) if is_project(folder) else _laid_out(Plan(folder, data))

    return job


def presence_job(folders: Sequence[Path]) -> Job:
    """Which folders are there; on a drive that is away this may take long."""
    return lambda: tuple(folder.is_dir() for folder in folders)


def _laid_out(plan: Plan) -> Ready:
    data = plan.data.model_dump(mode="json", exclude_unset=True) | plan.settings.get("data", {})
    data["path"] = str(plan.data.path.absolute())
    refuse_what_is_there(plan.folder)
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
        if plan.classes is not None:
            write_class_table(plan.folder / CLASS_TABLE, plan.classes)
            data["classes"] = str((plan.folder / CLASS_TABLE).absolute())
    except OSError as exc:
        raise cannot_write(plan.folder, exc) from exc
    if plan.notes:
        write_class_notes(plan.folder, plan.notes)
    return Ready(plan.folder, {**plan.settings, "data": data})
