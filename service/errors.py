"""What can go wrong in the service.

    ServiceError
    ├── InvalidRequest      a field of the request cannot be used
    ├── UnknownGlossary     no such glossary
    ├── GlossaryExists      the name is taken
    ├── GlossaryChanged     the etag does not fit any more
    ├── TermViolated        strict mode: a term is violated
    ├── QueueFull           too many calls are in progress
    ├── ModelNotReady       the model is still loading
    ├── StoreError          the glossary database cannot be used
    └── ModelError          weights missing or corrupt, or an engine not installed

Belongs here: the error tree. Must not: know gRPC (see `status`).
"""

from __future__ import annotations


class ServiceError(Exception):
    """Root of every error this package raises on purpose."""


class InvalidRequest(ServiceError):
    """A field of the request cannot be used. `field` is its path in the message, `problems` all reasons."""

    def __init__(self, field: str, *problems: str):
        self.field, self.problems = field, problems
        super().__init__(f"{field}: " + "; ".join(problems[:20]))


class UnknownGlossary(ServiceError):
    """No glossary (or no revision of it) has this name."""

    def __init__(self, name: str):
        self.name = name
        super().__init__(f"there is no {name!r}; list glossaries to see which there are, or create it")


class GlossaryExists(ServiceError):
    """A glossary with this name is already there."""

    def __init__(self, name: str):
        self.name = name
        super().__init__(f"{name!r} exists already; import entries into it, or choose another name")


class GlossaryChanged(ServiceError):
    """The glossary has changed since the caller read its etag."""

    def __init__(self, name: str):
        self.name = name
        super().__init__(f"{name!r} has changed since you read it; get it again and repeat the change")


class TermViolated(ServiceError):
    """Strict mode: a glossary term could not be rendered. `paragraph` counts from 0."""

    def __init__(self, paragraph: int, surface: str, reason: str):
        self.paragraph, self.surface, self.reason = paragraph, surface, reason
        super().__init__(f"paragraph {paragraph}: {surface!r} is violated: {reason}")


class QueueFull(ServiceError):
    """More calls are in progress than the server takes."""

    def __init__(self, limit: int):
        self.limit = limit
        super().__init__(f"{limit} calls are in progress already; try again later")


class ModelNotReady(ServiceError):
    """The model is still loading."""

    def __init__(self) -> None:
        super().__init__("the model is still loading; try again in a moment")


class StoreError(ServiceError):
    """The glossary database cannot be opened or used."""


class ModelError(ServiceError):
    """A model cannot be used: weights missing or corrupt, or its engine is not installed."""
