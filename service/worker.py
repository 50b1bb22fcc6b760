"""The model's worker: one thread that decodes, so that the event loop never waits.

Belongs here: queueing, turns, and stopping work nobody waits for. Must not: know gRPC or protobuf.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from service import model
from service.config import Settings
from service.errors import ModelNotReady, QueueFull
from service.pipeline import Pipeline

T = TypeVar("T")


class Worker:
    """Owns the loaded model. Calls take turns, one item each, so that a long article does not block a short one."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._model_thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._side_threads = ThreadPoolExecutor(2, thread_name_prefix="side")
        self._waiting = 0
        self._pipeline: Pipeline | None = None

    def load(self) -> None:
        """Load the model. Raises ModelError."""
        s = self._settings
        self._pipeline = Pipeline(model.load(s.model, s.engine, s.device, s.threads), s.beam_size)

    @property
    def pipeline(self) -> Pipeline:
        """Raises ModelNotReady until the model is loaded."""
        if self._pipeline is None:
            raise ModelNotReady
        return self._pipeline

    async def aside(self, work: Callable[[], T]) -> T:
        """Run something that needs no model, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._side_threads, work)

    async def items(self, iterator: Iterator[T], gone: threading.Event) -> AsyncIterator[T]:
        """Advance `iterator` on the model's thread. Sets `gone` when the consumer leaves. Raises QueueFull."""
        if self._waiting >= self._settings.max_queue:
            raise QueueFull(self._settings.max_queue)
        self._waiting += 1
        end = object()
        loop = asyncio.get_running_loop()
        try:
            while (item := await loop.run_in_executor(self._model_thread, next, iterator, end)) is not end:
                yield item  # type: ignore[misc]
        finally:
            gone.set()
            self._waiting -= 1

    def close(self) -> None:
        """Let the running item end; drop what waits."""
        self._model_thread.shutdown(wait=True, cancel_futures=True)
        self._side_threads.shutdown(wait=True, cancel_futures=True)
