"""Steps of gradient descent on a torch model: AdamW, a rate that rises and falls, bounded gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from textnorm.errors import DataError


class Descent:
    """AdamW (Loshchilov and Hutter, ICLR 2019); the rate rises for a tenth of the steps, then falls to 0."""

    def __init__(self, model: Any, groups: Sequence[dict[str, Any]], *, rate: float, steps: int) -> None:
        """Prepare the descent.

        Args:
            model: a torch module.
            groups: of its parameters, as torch's optimizers take them; what a group does not say is ``rate``, and
                a weight decay of .01.
            rate: learning rate.
            steps: how many there will be.
        """
        import torch

        self.model = model
        self.rate = rate
        self.done = 0
        self._optimizer = torch.optim.AdamW(groups, lr=rate, weight_decay=0.01)
        rise = max(1, steps // 10)
        self._plan = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: min((step + 1) / rise, (steps - step) / max(1, steps - rise))
        )

    def step(self, loss: Any) -> float:
        """Take a step down a loss; return its value before.

        Raises:
            DataError: the loss is not finite.
        """
        import torch

        value = float(loss.detach())
        if not np.isfinite(value):
            msg = f"Training diverged at step {self.done + 1} (loss {value}): lower the rate ({self.rate})."
            raise DataError(msg)
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimizer.step()
        self._plan.step()
        self.done += 1
        return value
