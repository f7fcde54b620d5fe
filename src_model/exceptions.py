"""What can go wrong in the engine, and what the user should do next.

Every message names the file or value at fault and ends in the next step. None of these derives from
``RuntimeError``: napari's generator workers swallow that type, and torch uses it for its own failures.
"""


class RalisError(Exception):
    """Something the user can put right; nothing has been changed or written when it is raised."""


class ConfigurationError(RalisError):
    """A setting, or two settings together, that cannot work."""


class DataError(RalisError):
    """Images, masks or class tables that are missing, damaged or do not fit together."""


class AnnotationError(RalisError):
    """A label patch that does not fit its region or its class schema."""


class EmptyPool(RalisError):
    """There is nothing left to ask."""


class CheckpointError(RalisError):
    """Weights or a policy file that are missing, foreign or corrupt."""


class ProjectError(RalisError):
    """A project folder that cannot be opened, is locked or does not match the command."""


class EngineFailure(RalisError):
    """The machine failed (out of memory, a broken library); raised ``from`` the original error."""
