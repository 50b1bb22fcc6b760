"""The model's worker: one thread that decodes, so that the event loop never waits.

Belongs here: queueing, turns, and stopping work nobody waits for. Must not: know gRPC or protobuf.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
        self._calls = 0
        self._pipeline: Pipeline | None = None

    def load(self) -> None:
        """Load the model. Raises ModelError."""
        s = self._settings
        self._pipeline = Pipeline(model.load(s.model, s.engine, s.device, s.threads), s.beam_size, s.lexicon)

    @property
    def pipeline(self) -> Pipeline:
        """Raises ModelNotReady until the model is loaded."""
        if self._pipeline is None:
            raise ModelNotReady
        return self._pipeline

    async def aside(self, work: Callable[[], T]) -> T:
        """Run something that needs no model, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._side_threads, work)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """A place among the calls in progress. Raises QueueFull."""
        if self._calls >= self._settings.max_calls:
            raise QueueFull(self._settings.max_calls)
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1

    async def items(self, iterator: Iterator[T | None], gone: threading.Event) -> AsyncIterator[T]:
        """Advance `iterator` on the model's thread, a step a turn; None is a step without a result.

        Sets `gone` when the consumer leaves.
        """
        end = object()
        loop = asyncio.get_running_loop()
        try:
            while (item := await loop.run_in_executor(self._model_thread, next, iterator, end)) is not end:
                if item is not None:
                    yield item  # type: ignore[misc]
        finally:
            gone.set()

    def close(self) -> None:
        """Let the running item end; drop what waits."""
        self._model_thread.shutdown(wait=True, cancel_futures=True)
        self._side_threads.shutdown(wait=True, cancel_futures=True)
