"""Errors to gRPC statuses and back: one table, read both ways.

Belongs here: the table, and the details of `google.rpc.Status`. Must not: raise or catch.
"""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from glossary.errors import InvalidEntries
from service import errors

DOMAIN = "tarjuman"
INTERNAL = "an internal error; the server's log has it"


@dataclass(frozen=True, slots=True)
class Row:
    """How one error travels. `retry`: seconds after which trying again helps, 0: it does not."""

    code: int
    reason: str
    retry: int = 0


TABLE: dict[type[Exception], Row] = {
    errors.InvalidRequest: Row(code_pb2.INVALID_ARGUMENT, "INVALID_REQUEST"),
    InvalidEntries: Row(code_pb2.INVALID_ARGUMENT, "INVALID_ENTRIES"),
    errors.UnknownGlossary: Row(code_pb2.NOT_FOUND, "UNKNOWN_GLOSSARY"),
    errors.GlossaryExists: Row(code_pb2.ALREADY_EXISTS, "GLOSSARY_EXISTS"),
    errors.GlossaryChanged: Row(code_pb2.ABORTED, "GLOSSARY_CHANGED"),
    errors.TermViolated: Row(code_pb2.FAILED_PRECONDITION, "TERM_VIOLATED"),
    errors.QueueFull: Row(code_pb2.RESOURCE_EXHAUSTED, "QUEUE_FULL", retry=5),
    errors.ModelNotReady: Row(code_pb2.UNAVAILABLE, "MODEL_NOT_READY", retry=1),
    errors.StoreError: Row(code_pb2.UNAVAILABLE, "STORE_ERROR", retry=1),
    errors.ModelError: Row(code_pb2.UNAVAILABLE, "MODEL_ERROR"),
}


def to_status(error: Exception) -> status_pb2.Status:
    """The status an error travels as. What is not in the table is our bug: INTERNAL, with a fixed text."""
    row = TABLE.get(type(error))
    if row is None:
        info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN)
        return status_pb2.Status(code=code_pb2.INTERNAL, message=INTERNAL, details=[_pack(info)])
    details = [_pack(error_details_pb2.ErrorInfo(reason=row.reason, domain=DOMAIN, metadata=_metadata(error)))]
    if row.retry:
        details.append(_pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=row.retry))))
    status = status_pb2.Status(code=row.code, message=_short(str(error), MAX_MESSAGE), details=details)
    bad = error_details_pb2.BadRequest()
    left: list[str] = []
    for field, reason in _violations(error):
        if status.ByteSize() + bad.ByteSize() < MAX_BYTES:
            bad.field_violations.add(field=_short(field, 80), description=_short(reason, 300))
        else:
            left.append(field.split(":")[0])
    if left:
        bad.field_violations.add(field="glossary", description=_short(f"and {len(left)} more: {', '.join(dict.fromkeys(left))}", 600))
    if bad.field_violations:
        status.details.add().Pack(bad)
    return status


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + " …"


def _metadata(error: Exception) -> dict[str, str]:
    if isinstance(error, errors.TermViolated):
        return {"paragraph": str(error.paragraph), "surface": _short(error.surface, 100)}
    if isinstance(error, (errors.UnknownGlossary, errors.GlossaryExists, errors.GlossaryChanged)):
        return {"name": _short(error.name, 100)}
    if isinstance(error, InvalidEntries):
        return {"problems": str(len(error.problems))}
    return {}


# gRPC refuses trailers over 8 KiB (16 at the most); the message travels percent-encoded and, in the
# details, once more in base64. Problems that do not fit are named by their lines.
MAX_MESSAGE = 300
MAX_BYTES = 3500


def _violations(error: Exception) -> list[tuple[str, str]]:
    if isinstance(error, InvalidEntries):
        return [(f"line {p.line}: {p.field}" if p.line else p.field, p.reason) for p in error.problems]
    if isinstance(error, errors.InvalidRequest):
        return [(error.field, p) for p in error.problems]
    return []


def _pack(message: error_details_pb2.ErrorInfo | error_details_pb2.RetryInfo) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


@dataclass(frozen=True)
class Problem:
    """A failed call, as a client sees it. `violations` are (field, description)."""

    code: grpc.StatusCode
    reason: str
    message: str
    violations: tuple[tuple[str, str], ...] = ()
    retry: float = 0.0


def from_error(error: grpc.RpcError) -> Problem:
    """What a failed call says."""
    code, message = error.code(), error.details() or ""
    reason, violations, retry = "", [], 0.0
    try:
        status = rpc_status.from_call(error)
    except ValueError:
        status = None  # a proxy changed the trailers; code and message still tell
    for detail in status.details if status else ():
        info, bad, again = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(bad):
            violations += [(v.field, v.description) for v in bad.field_violations]
        elif detail.Unpack(again):
            retry = again.retry_delay.seconds
    return Problem(code, reason, message, tuple(violations), retry)
