"""Muon, an optimizer for weight matrices: momentum whose update is orthogonalized.

Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the update's
scale follows Liu et al. 2025 (arXiv:2502.16982), so that AdamW's learning rates carry over.
`torch.optim.Muon` orthogonalizes in bfloat16 one matrix at a time, which takes seconds a step on a
CPU without bfloat16 arithmetic; here matrices of one shape go together, in the precision asked for (`dtype`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import Any

import torch

from training.workers import divided

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # Jordan et al.: steepest quintic at zero


def orthogonalize(stack: torch.Tensor, dtype: torch.dtype, steps: int = 5) -> torch.Tensor:
    """The nearest semi-orthogonal matrices, roughly, to a stack [N, rows, columns] with rows <= columns, computed in `dtype`."""
    a, b, c = COEFFICIENTS
    x = (stack / (stack.norm(dim=(1, 2), keepdim=True) + 1e-7)).to(dtype)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.to(stack.dtype)


class Muon(torch.optim.Optimizer):
    """Muon for 2-D parameters; give everything else to another optimizer."""

    def __init__(self, params: Iterable[torch.Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.01, dtype: torch.dtype = torch.float32):
        self._work = partial(orthogonalize, dtype=dtype)
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            shapes: dict[tuple[int, int], list[torch.Tensor]] = defaultdict(list)
            for p in group["params"]:
                if p.grad is not None:
                    shapes[min(p.shape), max(p.shape)].append(p)
            for (rows, columns), params in shapes.items():
                updates = []
                for p in params:
                    buffer = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                    buffer.lerp_(p.grad, 1 - group["momentum"])
                    update = p.grad.lerp(buffer, group["momentum"])
                    updates.append(update if p.shape[0] == rows else update.mT)
                stack = torch.stack(updates)
                scale = 0.2 * columns**0.5 * group["lr"]
                for p, u in zip(params, divided(self._work, stack), strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(u if p.shape[0] == rows else u.mT, alpha=-scale)
