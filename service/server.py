"""The gRPC server: binding, health, reflection, start and stop.

Belongs here: the life of the process. Must not: hold calls (see `translation_service`, `glossary_service`).
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from protos.tarjuman.v1 import glossary_pb2_grpc, translation_pb2_grpc
from service.calls import Tolerant
from service.config import Settings
from service.glossary_service import GlossaryService
from service.store import GlossaryStore
from service.translation_service import TranslationService
from service.worker import Worker

SERVICES = ("tarjuman.v1.TranslationService", "tarjuman.v1.GlossaryService")


class Server:
    """A server that is up: `await start()`, then `port`, then `await stop()`."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.store = GlossaryStore(settings.glossaries, settings.max_entries)
        self.worker = Worker(settings)
        self.port = 0
        # gRPC itself takes messages of any size: one over our limit is answered with the figure, not cut off.
        unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)]
        self._server = grpc.aio.server(options=unlimited)
        self._health = health.aio.HealthServicer()
        tolerant = Tolerant(self._server)
        translation_pb2_grpc.add_TranslationServiceServicer_to_server(TranslationService(settings, self.worker, self.store), tolerant)
        glossary_pb2_grpc.add_GlossaryServiceServicer_to_server(GlossaryService(settings, self.worker, self.store), tolerant)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)

    async def start(self) -> None:
        """Bind, answer at once, then load the model. Raises ModelError, and OSError when the port is taken."""
        try:
            host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
            self.port = self._server.add_insecure_port(f"{host}:{self.settings.port}")
        except RuntimeError as error:
            raise OSError(f"{self.settings.host}:{self.settings.port} cannot be used ({error}); is another server running there?") from error
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._server.start()
        await self.worker.aside(self.worker.load)
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Refuse new calls, let running ones end within the grace time, then close everything."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(self.settings.grace)
        self.worker.close()
        self.store.close()

    async def _set_health(self, status: Any) -> None:
        for name in ("", *SERVICES):
            await self._health.set(name, status)


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM. Raises ModelError or OSError when it cannot start."""
    server = Server(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    try:
        starting = asyncio.create_task(server.start())
        await asyncio.wait({starting, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():  # told to stop while the model was loading
            starting.cancel()
            return
        starting.result()
        loaded = server.worker.pipeline.model
        announce(f"serving on {settings.host}:{server.port} with {loaded.name} ({loaded.backend.engine})")
        await stopping.wait()
        announce("stopping")
    finally:
        await server.stop()
