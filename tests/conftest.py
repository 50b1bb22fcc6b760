"""Shared fixtures: the seeds, the embedded model, and a real server on a free port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from hypothesis import settings

from protos.tarjuman.v1 import glossary_pb2_grpc, translation_pb2_grpc
from service.config import Settings
from service.model import LoadedModel, load
from service.pipeline import Pipeline
from service.server import Server

# A slow machine is no failure: speed is measured in benchmarks/, never in tests.
settings.register_profile("tarjuman", deadline=None)
settings.load_profile("tarjuman")

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
SEED_NAMES = ("article", "economy", "libya-un", "health")


def seed(name: str) -> str:
    """A seed article, exactly as it lies on disk."""
    return (SEEDS / f"{name}.ar.txt").read_bytes().decode()


@dataclass(frozen=True)
class Running:
    """A server that is up, and how to reach it."""

    address: str
    server: Server
    channel: grpc.Channel
    translation: translation_pb2_grpc.TranslationServiceStub
    glossaries: glossary_pb2_grpc.GlossaryServiceStub


def run_server(settings: Settings) -> Iterator[Running]:
    """Start a real server in a thread of its own, on port 0; stop it afterwards."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_make(settings), loop).result(60)
    address = f"127.0.0.1:{server.port}"
    channel = grpc.insecure_channel(address, options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)])
    try:
        yield Running(address, server, channel, translation_pb2_grpc.TranslationServiceStub(channel), glossary_pb2_grpc.GlossaryServiceStub(channel))
    finally:
        channel.close()
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


async def _make(settings: Settings) -> Server:
    server = Server(settings)
    await server.start()
    return server


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """One server for all tests, with small limits so that reaching them is quick."""
    yield from run_server(Settings(port=0, max_characters=60_000, max_paragraphs=400, max_entries=500, beam_size=2))


@pytest.fixture(scope="session")
def loaded() -> LoadedModel:
    """The embedded model."""
    return load()


@pytest.fixture(scope="session")
def pipeline(loaded: LoadedModel) -> Pipeline:
    return Pipeline(loaded, beam_size=2)
