"""Several processes that train one model: what they agree on, and the mean of their gradients.

Belongs here: calls of torch.distributed. Must not: know batches or models (see `train.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.distributed as dist


def start(rank: int, workers: int, meeting: str) -> None:
    """Join the group of `workers` processes that meet in the folder `meeting`; alone, do nothing."""
    if workers > 1:
        dist.init_process_group("gloo", init_method=f"file://{meeting}/workers", rank=rank, world_size=workers)


def same(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Give every worker the parameters of worker 0."""
    if dist.is_initialized():
        for p in parameters:
            dist.broadcast(p.data, 0)


def agreed(value: Any) -> Any:
    """Worker 0's value, in every worker."""
    if not dist.is_initialized():
        return value
    box = [value]
    dist.broadcast_object_list(box)
    return box[0]


def average(grads: list[torch.Tensor]) -> None:
    """Replace gradients by their mean over the workers, in one message."""
    if not dist.is_initialized():
        return
    flat = torch.cat([g.reshape(-1) for g in grads])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for g, part in zip(grads, flat.split([g.numel() for g in grads]), strict=True):
        g.copy_(part.view_as(g))


def divided(work: Callable[[torch.Tensor], torch.Tensor], stack: torch.Tensor) -> torch.Tensor:
    """`work(stack)` for a work that treats every row by itself, each worker doing a part of the rows."""
    if not dist.is_initialized():
        return work(stack)
    parts = list(stack.tensor_split(dist.get_world_size()))
    parts[dist.get_rank()] = work(parts[dist.get_rank()])
    for rank, part in enumerate(parts):
        if len(part):
            dist.broadcast(part, rank)
    return torch.cat(parts)
