"""What every call goes through: size limits, errors to statuses, logging.

Belongs here: what the two services share. Must not: hold a call of its own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from glossary.errors import GlossaryError
from service import convert
from service.config import Settings
from service.errors import InvalidRequest, ServiceError
from service.pipeline import Cancelled
from service.status import to_status
from service.store import GlossaryStore
from service.worker import Worker

log = logging.getLogger("tarjuman")


@asynccontextmanager
async def _reported(name: str, request: Any, context: Any) -> AsyncIterator[None]:
    """Turn errors into statuses; log names, lengths and milliseconds, never text."""
    started = time.perf_counter()
    try:
        yield
    except (ServiceError, GlossaryError) as error:
        await context.abort_with_status(rpc_status.to_status(to_status(error)))
    except Cancelled:
        await context.abort(grpc.StatusCode.CANCELLED, "the caller is gone")
    except (asyncio.CancelledError, GeneratorExit, grpc.aio.AbortError):
        raise
    except Exception as error:
        log.exception("%s failed", name)
        await context.abort_with_status(rpc_status.to_status(to_status(error)))
    finally:
        log.info("%s %d bytes %.0f ms", name, request.ByteSize(), 1000 * (time.perf_counter() - started))


def guarded(method: Any) -> Any:
    """A unary call under guard."""

    async def call(self: Any, request: Any, context: Any) -> Any:
        async with _reported(method.__name__, request, context):
            self.check(request)
            with self.worker.slot():
                return await method(self, request, context)

    return call


def guarded_stream(method: Any) -> Any:
    """A server-streaming call under guard."""

    async def call(self: Any, request: Any, context: Any) -> Any:
        async with _reported(method.__name__, request, context):
            self.check(request)
            with self.worker.slot():
                async for message in method(self, request, context):
                    yield message

    return call


class Calls:
    """What both services share."""

    def __init__(self, settings: Settings, worker: Worker, store: GlossaryStore):
        self.settings, self.worker, self.store = settings, worker, store

    def check(self, request: Any) -> None:
        """Raise InvalidRequest for what is no message, or too large a one."""
        if isinstance(request, Undecodable):
            raise InvalidRequest("request", f"is no valid message: {request.reason}; text fields must be UTF-8")
        size = request.ByteSize()
        if size > self.settings.max_message_bytes:
            raise InvalidRequest("request", f"is {size} bytes; the limit is {self.settings.max_message_bytes}")


class Undecodable:
    """Stands in for a request whose bytes are no message, so that it can be answered as a bad request."""

    def __init__(self, size: int, reason: str):
        self.size, self.reason = size, reason

    def ByteSize(self) -> int:
        return self.size


class Tolerant:
    """Registers generated services on a server so that undecodable requests reach `Calls.check`."""

    def __init__(self, server: grpc.aio.Server):
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """The generated code calls this and then the next; one registration is enough."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        tolerant = {name: h._replace(request_deserializer=_tolerant(h.request_deserializer)) for name, h in handlers.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, tolerant),))


def _tolerant(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        try:
            return deserialize(data)
        except DecodeError as error:
            return Undecodable(len(data), str(error))

    return read


def file_format(value: Any, field: str) -> str:
    """The name of a glossary file format. Raises InvalidRequest for a number this server does not know."""
    if value not in convert.FORMATS:
        raise InvalidRequest(field, f"{value} is no known glossary format")
    return convert.FORMATS[value]
