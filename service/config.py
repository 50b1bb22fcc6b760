"""Settings of the server: one frozen object, read once at start.

Belongs here: every figure an operator may turn. Must not: read the environment or files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the server runs with. Limits are per request; times are in seconds."""

    host: str = "127.0.0.1"
    port: int = 50051  # 0: any free port, printed at start
    model: str = ""  # path or hub id; empty: the embedded model
    engine: str = "ctranslate2"  # or "transformers"
    device: str = "cpu"  # or "cuda"
    threads: int = 0  # cores of the model; 0: all
    beam_size: int = 4
    lexicon: bool = True  # suggest the built-in lexicon's renderings to the model
    glossaries: Path | None = None  # SQLite file; None: in memory, gone at the end
    max_characters: int = 200_000
    max_paragraphs: int = 2_000
    max_entries: int = 20_000
    max_message_bytes: int = 16 * 1024 * 1024
    max_calls: int = 32  # calls in progress or waiting
    grace: float = 10.0  # time running calls get when the server stops
