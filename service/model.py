"""Finding a model, and making it ready for an engine: embedded, a local folder, or a hub id.

Belongs here: paths, conversion and its cache, hashes. Must not: decode.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from service.backend import Backend
from service.errors import ModelError
from service.tokenizer import Tokenizer, load_tokenizer, normalize_source

EMBEDDED = "embedded"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to decode, with what identifies it."""

    name: str
    sha256: str  # of the checkpoint's weights
    license: str
    tokenizer: Tokenizer
    backend: Backend
    max_source_tokens: int  # the longest segment it is given
    max_target_tokens: int  # positions the decoder has
    follows_guides: bool
    device: str = "cpu"

    def tokens(self, text: str) -> int:
        """How many tokens the model sees of a text as it stands in an article."""
        return len(self.tokenizer.encode(normalize_source(text)))


def load(name: str = "", engine: str = "ctranslate2", device: str = "cpu", threads: int = 0) -> LoadedModel:
    """Load a model by folder or hub id; empty for the embedded one. Raises ModelError, naming the file at fault."""
    folder = embedded_folder() if name in ("", EMBEDDED) else _locate(name)
    config = _object(folder / "config.json")
    converted = folder / "ctranslate2" if (folder / "ctranslate2").is_dir() else folder
    # What our own checkpoints say of themselves; other checkpoints have no such file.
    meta = _object(folder / "tarjuman.json") if (folder / "tarjuman.json").exists() else {}
    sums = _checked_sums(folder, meta)
    backend: Backend
    if engine == "ctranslate2":
        from service.backend_ct2 import CTranslate2Backend

        if not (converted / "model.bin").exists():
            converted = _converted(folder)
        backend = CTranslate2Backend(converted, device, threads)
        weights = converted / "model.bin"
    elif engine == "transformers":
        from service.backend_transformers import TransformersBackend

        weights = _weights(folder)
        backend = TransformersBackend(folder, device, threads)
    else:
        raise ModelError(f"engine {engine!r} is none of ctranslate2, transformers")
    tokenizer = load_tokenizer(folder)
    positions = int(config.get("max_position_embeddings", 512))
    longest = int(meta.get("max_source_tokens", min(256, positions // 2)))
    guides = bool(meta.get("follows_guides", False)) and tokenizer.has_tags
    shown = str(meta.get("name", name or EMBEDDED))
    return LoadedModel(shown, sums.get(weights) or _sha256(weights), str(meta.get("license", "")), tokenizer, backend, longest, positions - 2, guides, device)


def embedded_folder() -> Path:
    """The folder of the model that comes with the package."""
    folder = Path(str(files("service"))) / "model_files"
    if not folder.is_dir():
        raise ModelError(f"{folder}: the embedded model is missing; install the package again, or pass --model")
    return folder


def _locate(name: str) -> Path:
    path = Path(name)
    if path.is_dir():
        return path
    if path.exists() or name.startswith((".", "/", "~")):
        raise ModelError(f"{name}: is no folder; --model takes a checkpoint folder or a hub id such as Helsinki-NLP/opus-mt-ar-en")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, ignore_patterns=["*.h5", "*.msgpack", "*.ot", "*.onnx"]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ModelError(f"{name}: is no local folder and cannot be fetched from the hub ({type(error).__name__}: {error})") from error


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("it holds no JSON object")
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); restore the checkpoint") from error
    return found


def _checked_sums(folder: Path, meta: dict[str, Any]) -> dict[Path, str]:
    """SHA-256 of every file that the checkpoint names; raises ModelError for one that is missing or another."""
    sums = {}
    for name, expected in meta.get("sha256", {}).items():
        path = folder / name
        if not path.exists():
            raise ModelError(f"{path}: is missing; restore the checkpoint")
        if _sha256(path) != expected:
            raise ModelError(f"{path}: is corrupt (its SHA-256 is not the one in tarjuman.json); restore the checkpoint")
        sums[path] = expected
    return sums


def _weights(folder: Path) -> Path:
    for name in _WEIGHTS:
        if (folder / name).exists():
            return folder / name
    raise ModelError(f"{folder}: holds none of {', '.join(_WEIGHTS)}; restore the checkpoint")


def _sha256(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def cache_folder() -> Path:
    """Where converted checkpoints are kept: $TARJUMAN_CACHE, or tarjuman in the user's cache folder."""
    base = os.environ.get("TARJUMAN_CACHE")
    return Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tarjuman"


def _converted(folder: Path) -> Path:
    """The CTranslate2 form of a transformers checkpoint, made on first use."""
    weights = _weights(folder)
    target = cache_folder() / f"{folder.name}-{_sha256(weights)[:16]}-int8"
    if (target / "model.bin").exists():
        return target
    try:
        import torch  # noqa: F401
        from ctranslate2.converters import TransformersConverter
    except ImportError as error:
        raise ModelError(f"{folder}: must be converted for CTranslate2 first, which needs torch ({error}); install tarjuman[torch]") from error
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch) / "model"
        try:
            TransformersConverter(str(folder)).convert(str(made), quantization="int8")
        except Exception as error:
            raise ModelError(f"{folder}: CTranslate2 cannot convert this checkpoint ({error})") from error
        if not target.exists():
            shutil.move(made, target)
    return target
