"""The engine ``ray``: tasks over actors of a Ray cluster.

What travels is which part of which file is to be done; rows and pieces stay on the file system, which all machines must
share. Each actor is sent the plan once. An actor that dies, or whose machine does, takes its task with it for a moment
only; the pieces are the same bytes whoever makes them.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from textnorm.errors import MissingExtraError
from textnorm.streaming.local import Deaths, Result, Stop, answer, error_of
from textnorm.streaming.run import Engine
from textnorm.streaming.tasks import Task
from textnorm.streaming.worker import Job

#: Environment variable of Ray with the address of a cluster.
ADDRESS = "RAY_ADDRESS"
#: File beside a piece that holds the row that is tried alone.
ROW = "row"


class RayWorker:
    """What an actor does: the tasks it is given, one at a time."""

    def __init__(self, packed: bytes) -> None:
        import pyarrow as pa

        pa.set_cpu_count(1)
        self._job: Job = pickle.loads(packed)

    def do(self, task: Task, data: bytes | None) -> tuple[Any, ...]:
        """Do a task; see :func:`textnorm.streaming.local.answer`."""
        place = self._job.place(task, ROW)

        def on_row(row: int) -> None:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(str(row), encoding="ascii")

        try:
            return answer(dataclasses.replace(task, data=data), self._job, on_row)
        finally:
            place.unlink(missing_ok=True)

    def pid(self) -> int:
        """Return the process id."""
        return os.getpid()


def start(jobs: int) -> Any:
    """Return the module ray, connected to the cluster of ``RAY_ADDRESS``, or to one made here with ``jobs`` CPUs.

    Raises:
        MissingExtraError: ray is not installed.
    """
    try:
        import ray
    except ImportError as error:
        feature, package = "The engine ray", "ray"
        raise MissingExtraError(feature, package, package) from error
    if not ray.is_initialized():
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if os.environ.get(ADDRESS):
            options["address"] = os.environ[ADDRESS]
        else:
            options.update(num_cpus=jobs, include_dashboard=False)
        ray.init(**options)
    return ray


def make_engine(jobs: int) -> Engine:
    """Return the engine, with ``jobs`` actors of one CPU each.

    Raises:
        MissingExtraError: ray is not installed.
    """
    ray = start(jobs)

    def engine(tasks: Iterator[Task], job: Job, stop: Stop) -> Iterator[Result]:
        return run_ray(ray, tasks, job, jobs, stop)

    return engine


def run_ray(ray: Any, tasks: Iterator[Task], job: Job, jobs: int, stop: Stop) -> Iterator[Result]:
    """Do tasks over actors; results come as they are ready."""
    job = dataclasses.replace(job, out_dir=job.out_dir.resolve())
    packed = ray.put(pickle.dumps(job))
    make = ray.remote(num_cpus=1, max_restarts=0)(RayWorker)
    idle: list[Any] = [make.remote(packed) for _ in range(jobs)]
    busy: dict[Any, tuple[Any, Task]] = {}
    again: deque[Task] = deque()
    deaths = Deaths()
    try:
        while True:
            while idle and (again or not stop()):
                task = again.popleft() if again else next(tasks, None)
                if task is None:
                    break
                worker = idle.pop()
                busy[worker.do.remote(dataclasses.replace(task, data=None), task.data)] = (worker, task)
            if not busy:
                return
            ready, _ = ray.wait(list(busy), num_returns=1, timeout=1.0)
            for reference in ready:
                worker, task = busy.pop(reference)
                try:
                    message = ray.get(reference)
                except ray.exceptions.RayError as error:
                    with suppress(Exception):
                        ray.kill(worker)
                    idle.append(make.remote(packed))
                    left = deaths.take(task, _row(job, task), type(error).__name__)
                    if isinstance(left, Task):
                        again.append(left)
                    else:
                        yield task, left
                    continue
                idle.append(worker)
                yield task, message[1] if message[0] == "done" else error_of(message)
    finally:
        for worker in [*idle, *(worker for worker, _ in busy.values())]:
            with suppress(Exception):
                ray.kill(worker)


def _row(job: Job, task: Task) -> int | None:
    """Return the row that a dead actor was trying alone."""
    place = job.place(task, ROW)
    try:
        return int(place.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    finally:
        place.unlink(missing_ok=True)
