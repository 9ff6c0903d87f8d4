"""The engine ``local``: tasks in this process, or over a few worker processes.

No row travels between processes: a worker is told which part of which file, reads it itself, and writes its piece. A
worker that dies takes its task with it for a moment only: another one begins it again. A task on which two workers died
is gone through row by row; a row on which two more die is set aside, and the rest of the task is done.
"""

from __future__ import annotations

import dataclasses
import pickle
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import connection, get_context
from typing import Any

from textnorm.errors import DataError, TextnormError, UsageError
from textnorm.streaming.tasks import Task
from textnorm.streaming.worker import Job, Note, do

#: A task is tried row by row after this many workers died on it; a row is set aside after as many more.
DEATHS = 2
#: Workers that may end before they begin, one after the other.
UNBORN = 4
#: Rows set aside for killing workers, per task; more, and the file is given up.
KILLERS = 100
#: A task with what was made of it: a note, or why not.
Result = tuple[Task, Note | Exception]
Stop = Callable[[], bool]
#: Called with a message that people should see.
Say = Callable[[str], None]


def never() -> bool:
    """Say that nobody asked to stop."""
    return False


def run_here(tasks: Iterator[Task], job: Job, *, stop: Stop = never) -> Iterator[Result]:
    """Do tasks in this process, one after the other."""
    while not stop():
        task = next(tasks, None)
        if task is None:
            return
        try:
            made: Note | Exception = do(task, job)
        except TextnormError as error:
            made = error
        yield task, made


class _Worker:
    """One process and the line to it."""

    def __init__(self, context: Any, job: bytes) -> None:
        self.line, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other, job), daemon=True)
        self.process.start()
        other.close()
        self.task: Task | None = None
        self.row: int | None = None
        self.ready = False

    def give(self, task: Task) -> None:
        """Hand over a task; what it holds of a compressed file goes as plain bytes."""
        self.task, self.row = task, None
        with suppress(OSError):  # dead already: noticed by whoever waits for it
            self.line.send(dataclasses.replace(task, data=None))
            self.line.send_bytes(task.data or b"")

    def end(self) -> None:
        """Let it go."""
        with suppress(OSError):
            self.line.send(None)
        self.line.close()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join()
        self.line.close()


def run_pool(
    tasks: Iterator[Task], job: Job, jobs: int, *, stop: Stop = never, say: Say | None = None
) -> Iterator[Result]:
    """Do tasks over ``jobs`` processes; results come as they are ready."""
    context = get_context("spawn")
    packed = _pack(job)
    workers: list[_Worker] = []
    again: deque[Task] = deque()
    deaths = Deaths(say)
    unborn = 0  # workers that ended before they began
    try:
        while True:
            busy = [worker for worker in workers if worker.task is not None]
            while len(busy) < jobs and (again or not stop()):
                task = again.popleft() if again else next(tasks, None)
                if task is None:
                    break
                worker = next((w for w in workers if w.task is None), None)
                if worker is None:
                    worker = _Worker(context, packed)
                    workers.append(worker)
                worker.give(task)
                busy.append(worker)
            if not busy:
                return
            ready = connection.wait([worker.line for worker in busy], timeout=1.0)
            for worker in busy:
                if worker.line not in ready and worker.process.is_alive():
                    continue
                message = _receive(worker)
                if message is None:
                    if worker.line in ready or not worker.process.is_alive():
                        workers.remove(worker)
                        worker.kill()
                        lost = worker.task
                        assert lost is not None
                        if not worker.ready:
                            unborn += 1
                            if unborn >= UNBORN:
                                raise DataError(_unborn(_how(worker.process.exitcode)))
                            again.append(lost)
                            continue
                        left = deaths.take(lost, worker.row, _how(worker.process.exitcode))
                        if isinstance(left, Task):
                            again.append(left)
                        else:
                            yield lost, left
                elif message[0] == "ready":
                    worker.ready, unborn = True, 0
                elif message[0] == "row":
                    worker.row = message[1]
                else:
                    done, worker.task = worker.task, None
                    assert done is not None
                    yield done, message[1] if message[0] == "done" else error_of(message)
    finally:
        for worker in workers:
            if worker.task is None:
                worker.end()
            else:
                worker.kill()
        for worker in workers:
            worker.process.join(timeout=5)
            if worker.process.is_alive():
                worker.kill()


def _pack(job: Job) -> bytes:
    try:
        return pickle.dumps(job)
    except Exception as error:  # whatever a component's pickling raises
        msg = f"The pipeline cannot be sent to other processes ({type(error).__name__}: {error}); run with --jobs 1."
        raise UsageError(msg) from error


def _receive(worker: _Worker) -> tuple[Any, ...] | None:
    """Return what a worker says; ``None`` where it is gone."""
    try:
        return tuple(worker.line.recv()) if worker.line.poll() else None
    except (EOFError, OSError):
        return None


class Deaths:
    """Keeps count of the workers that died on each task, and says what is done about it."""

    def __init__(self, say: Say | None = None) -> None:
        self._say = say
        self._deaths: Counter[tuple[str, int]] = Counter()
        self._blame: Counter[tuple[str, int, int]] = Counter()

    def take(self, task: Task, row: int | None, how: str) -> Task | DataError:
        """Return the task to begin again, more carefully each time, or why it is given up.

        Args:
            task: on which a worker died.
            row: that it was trying alone, if it was.
            how: it died, for people.
        """
        what = (task.name, task.index)
        if self._say is not None:
            self._say(f"a worker died ({how}) on part {task.index} of {task.name}; the part is begun again")
        if task.careful and row is not None:
            self._blame[(*what, row)] += 1
            if self._blame[(*what, row)] >= DEATHS:
                task = dataclasses.replace(task, skip=(*task.skip, (row, f"workers die on this row ({how})")))
                if len(task.skip) > KILLERS:
                    return DataError(f"{task.path}: more than {KILLERS} rows kill the worker ({how}).")
            return task
        self._deaths[what] += 1
        if self._deaths[what] > 3 * DEATHS:
            return DataError(f"{task.path}: {self._deaths[what]} workers died on part {task.index} ({how}).")
        return dataclasses.replace(task, careful=self._deaths[what] >= DEATHS)


def _how(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def _unborn(how: str) -> str:
    return (
        f"Worker processes end before they begin ({how}). In a script of your own, call run() below "
        "'if __name__ == \"__main__\":', as worker processes import the script; or run with --jobs 1."
    )


def error_of(message: tuple[Any, ...]) -> Exception:
    """Return the error that a worker spoke of."""
    kind, *facts = message
    if kind == "usage":
        return UsageError(facts[0])
    if kind == "data":
        return DataError(facts[0])
    if kind == "os":
        return OSError(*facts)
    if kind == "memory":
        return MemoryError()
    return RuntimeError(facts[0])


def _work(line: Any, packed: bytes) -> None:
    """Be a worker: until told to end, take a task, do it, say so."""
    # The parent decides what an interrupt means; a terminal sends it to everyone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import pyarrow as pa

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    job: Job = pickle.loads(packed)
    with suppress(EOFError, OSError, BrokenPipeError):
        line.send(("ready",))
        while True:
            task = line.recv()
            if task is None:
                return
            data = line.recv_bytes()
            if task.span is None and task.form.codec and not task.whole:
                task = dataclasses.replace(task, data=data)
            line.send(answer(task, job, lambda row: line.send(("row", row))))


def answer(task: Task, job: Job, on_row: Callable[[int], None] | None = None) -> tuple[Any, ...]:
    """Do a task and return what a worker says of it: plain values, whatever happened."""
    try:
        return ("done", do(task, job, on_row))
    except UsageError as error:
        return ("usage", str(error))
    except TextnormError as error:
        return ("data", str(error))
    except OSError as error:
        return ("os", error.errno, error.strerror or str(error), error.filename)
    except MemoryError:
        return ("memory",)
    except Exception as error:
        return ("fault", f"{type(error).__name__}: {error}")
