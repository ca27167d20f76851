"""Every error a user can cause, and the exit code the command line gives it.

    SignGenError                    1   base: one line saying what, where and what to do
    ├── ConfigError                 2   a setting: unknown, of the wrong type or out of range
    ├── PoseError                   4   poses of the wrong shape, range, rate or layout
    ├── DataError                   4   a file: missing, damaged, of an unknown format, unsafe
    ├── LexiconError                4   a lexicon, or words it lacks under ``oov=fail``
    ├── CheckpointError             5   weights: missing, of another layout, of another hash
    ├── DependencyError             5   a package of an extra that is not installed
    ├── RenderError                 1   a renderer failed on good input
    └── ResourceError               6   disk, memory or GPU exhausted, folder not writable

Anything else that reaches the command line is a bug and keeps its traceback.
"""

from __future__ import annotations


class SignGenError(Exception):
    """Base of all errors that a user can cause; its text is one line."""

    exit_code = 1


class ConfigError(SignGenError, ValueError):
    """A setting is unknown, of the wrong type or out of range."""

    exit_code = 2


class PoseError(SignGenError, ValueError):
    """Poses have the wrong shape, range, rate or layout."""

    exit_code = 4


class DataError(SignGenError):
    """A file is missing, damaged, unsafe or of an unknown format; the text starts with its path."""

    exit_code = 4


class LexiconError(SignGenError):
    """A lexicon cannot be used, or lacks words that the caller insisted on.

    Attributes:
        missing: the words or glosses without a recording.
    """

    exit_code = 4

    def __init__(self, message: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.missing = missing


class CheckpointError(SignGenError):
    """Weights are missing, of another layout or of another hash."""

    exit_code = 5


class DependencyError(SignGenError, ImportError):
    """A package of an optional extra is not installed."""

    exit_code = 5


class RenderError(SignGenError, RuntimeError):
    """A renderer failed on good input; the text names stage, frames and seed."""


class ResourceError(SignGenError, OSError):
    """Disk, memory or GPU is exhausted, or a folder cannot be written."""

    exit_code = 6
