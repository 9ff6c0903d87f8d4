"""datatrove: JSON Lines in, ftfy, JSON Lines out, one task in this process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

PACKAGE, LICENCE = "datatrove", "Apache-2.0"
BATCH = 1


def files() -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what repairs the Unicode of a JSON Lines file (path, then folder for output, joined by a tab)."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.formatters import FTFYFormatter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from loguru import logger

    logger.remove()

    def one(given: str) -> str:
        source = Path(given)
        with tempfile.TemporaryDirectory() as out:
            steps = [
                JsonlReader(str(source.parent), glob_pattern=source.name),
                FTFYFormatter(),
                JsonlWriter(out, compression=None),
            ]
            LocalPipelineExecutor(steps, tasks=1, workers=1, logging_dir=f"{out}/logs").run()
            return str(sum(path.stat().st_size for path in Path(out).glob("*.jsonl")))

    return lambda paths: [one(path) for path in paths]


TASKS = {"files": files}
