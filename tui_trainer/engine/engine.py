"""A network's training and evaluation by compiled programs, over copies of its parameters in the program's own layout."""

from collections import deque
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.sparse import Samples
from tui_trainer.engine.crew import Crew
from tui_trainer.engine.formulas import update_of
from tui_trainer.engine.library import is_kept
from tui_trainer.engine.memory import pages
from tui_trainer.engine.places import DECAY, FIRST, FLUSH, MOST_SCALARS, SHRINK
from tui_trainer.engine.program import Block, Layout, Product, Program, Vectors, blocks_of
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.network import Network
from tui_trainer.nn.optimizers import FLUSH_EVERY, Optimizer

AT_ONCE = 0.02
"""Seconds of training in one call, between which a run can be stopped, changed and looked at."""

AGAIN = 50
"""Calls after which another number of threads is tried once more."""

ENOUGH = AT_ONCE / 8
"""Seconds of a call that tells how fast a number of threads is."""

TRIALS = 3
"""How often each is tried at first, and the calls by which it is judged later on."""

WORTH = 0.97
"""The share of the time that more threads must take to be preferred to fewer."""


class Trained(NamedTuple):
    """What a call has trained: each batch's summed loss (batches,), and its right predictions."""

    losses: NDArray[np.float64]
    correct: NDArray[np.int64]
    diverged: bool
    """Whether the last one's loss is not finite: it was not learned from."""


class Machine(NamedTuple):
    """What the engine needs of the machine it runs on."""

    product: Product
    """The BLAS's matrix product."""
    give_way: int
    """The address of the function, without arguments, that offers a core to other threads."""


class Engine:
    """Trains the network with the optimizer, by at most `threads` threads, to bits that do not depend on their number.

    The engine has the parameters and the optimizer's slots in memory of its own from `load` on; `store` writes them back. It draws from the
    network's random numbers and counts the optimizer's steps.
    """

    def __init__(self, network: Network, optimizer: Optimizer, sparse: bool, threads: int, machine: Machine) -> None:
        blocks = blocks_of(network.layers)
        if blocks is None:
            raise ValueError("a part has no compiled form")
        self._network, self._optimizer, self._machine = network, optimizer, machine
        self._blocks: list[Block] = blocks
        self._layout = Layout(blocks, sparse=sparse)
        size = self._layout.size
        slots = tuple(pages(size) for _ in optimizer.slots)
        self._vectors = Vectors(pages(size), pages(size), slots, pages(self._layout.buffer_size))
        self._update = update_of(type(optimizer))
        self._programs: dict[tuple[Any, ...], tuple[Program, dict[int, list[NDArray[np.int64]]]]] = {}
        self._crew = Crew(threads, machine.give_way)
        self._paces: dict[int, _Pace] = {}
        self._is_ahead = False

    def batches_at_once(self, rows: int) -> int:
        """The batches of so many samples that one call may train and still be short."""
        return self._paces[rows].batches if rows in self._paces else 1

    def load(self) -> None:
        """Take the network's parameters and buffers, and the optimizer's slots."""
        for vector, mine in self._pairs():
            named = self._network.named(vector)
            for name, part, view in self._layout.views(mine):
                np.copyto(view, named[name][..., part.start : part.stop])
        for name, part, view in self._layout.views(self._vectors.buffers, buffers=True):
            np.copyto(view, self._network.tensors[name][..., part.start : part.stop])
        self._is_ahead = False

    def store(self) -> None:
        """Write all that back into the network and the optimizer, where it has changed."""
        if self._is_ahead:
            for vector, mine in self._pairs():
                self._copy(mine, vector)
            for name, part, view in self._layout.views(self._vectors.buffers, buffers=True):
                np.copyto(self._network.tensors[name][..., part.start : part.stop], view)
            self._is_ahead = False

    def store_gradients(self) -> None:
        """Write the last step's gradient, without clipping and weight decay, into the network; of a step that kept it."""
        self._copy(self._vectors.gradients, self._network.gradients)

    def _pairs(self) -> list[tuple[Array, Array]]:
        slots = zip(self._optimizer.state.values(), self._vectors.slots, strict=True)
        return [(self._network.parameters, self._vectors.parameters), *slots]

    def _copy(self, mine: Array, vector: Array) -> None:
        named = self._network.named(vector)
        for name, part, view in self._layout.views(mine):
            np.copyto(named[name][..., part.start : part.stop], view)

    def train(
        self,
        samples: Samples,
        order: NDArray[np.intp],
        rows: int,
        rates: list[float],
        *,
        clip_norm: float | None = None,
        keeps: bool = False,
    ) -> Trained:
        """Train batches of `rows` samples, one for each rate, on the samples at `order` (rows · batches,).

        Ends after a batch whose loss is not finite. Where `keeps` is true, the last batch's gradient is kept for `store_gradients`.
        """
        optimizer, batches = self._optimizer, len(rates)
        before = optimizer.steps
        scalars = np.zeros((batches, MOST_SCALARS), np.float32)
        scalars[:, SHRINK] = 1
        if optimizer.weight_decay and optimizer.decoupled_decay:
            scalars[:, SHRINK] = [1 - rate * optimizer.weight_decay for rate in rates]
        else:
            scalars[:, DECAY] = optimizer.weight_decay
        for number, rate in enumerate(rates):
            optimizer.steps += 1
            own = optimizer.scalars(rate)
            scalars[number, FIRST : FIRST + len(own)] = own
        scalars[(FLUSH_EVERY - before - 1) % FLUSH_EVERY :: FLUSH_EVERY, FLUSH] = 1
        losses, correct = np.zeros(batches), np.zeros(batches, np.int64)
        done = self._run(samples, rows, order, scalars, losses, correct, clip_norm, keeps)
        self._is_ahead = True
        optimizer.steps = before + done
        end = min(done + 1, batches)
        return Trained(losses[:end], correct[:end], done < batches)

    def evaluate(self, samples: Samples, most: int) -> tuple[float, float]:
        """Mean cross-entropy in nats, and accuracy, over all samples, at most `most` in a pass."""
        count = len(samples.labels)
        whole, rest = divmod(count, most)
        order, nothing = np.arange(count), np.zeros((1, 0), np.float32)
        losses, correct = np.zeros(whole + 1), np.zeros(whole + 1, np.int64)
        for done, rows, passes in ((0, most, whole), (whole, rest, 1)):
            if rows and passes:
                program, tables = self._program(samples, rows, evaluates=True)
                table = self._tables(program, tables, min(self._crew.most, program.most_threads))
                self._crew.run(table, passes, rows, order[done * most :], nothing, losses[done:], correct[done:])
        return float(losses.sum()) / count, int(correct.sum()) / count

    def has_to_compile(self, samples: Samples, rows: int, clip_norm: float | None) -> bool:
        """Whether something of what batches of `rows` samples need is not kept from before."""
        program, _ = self._program(samples, rows, clip_norm=clip_norm)
        return not all(map(is_kept, program.operations()))

    def prepare(self, samples: Samples, rows: int, clip_norm: float | None) -> None:
        """Allocate, compile and load what batches of `rows` samples need: that is no training. Raises MemoryError."""
        for keeps in (False, True):
            program, tables = self._program(samples, rows, clip_norm=clip_norm, keeps=keeps)
            for threads in self._pace(program).counts:
                self._tables(program, tables, threads)

    def _run(
        self,
        samples: Samples,
        rows: int,
        order: NDArray[np.intp],
        scalars: NDArray[np.float32],
        losses: NDArray[np.float64],
        correct: NDArray[np.int64],
        clip_norm: float | None,
        keeps: bool,
    ) -> int:
        program, tables = self._program(samples, rows, clip_norm=clip_norm, keeps=keeps)
        pace = self._pace(program)
        threads = pace.next_threads()
        instructions = self._tables(program, tables, threads)
        started = perf_counter()
        done = self._crew.run(instructions, len(losses), rows, order, scalars, losses, correct)
        if not keeps:
            pace.add(threads, len(losses), perf_counter() - started)
        return done

    def _program(
        self, samples: Samples, rows: int, *, clip_norm: float | None = None, keeps: bool = False, evaluates: bool = False
    ) -> tuple[Program, dict[int, list[NDArray[np.int64]]]]:
        key = id(samples.inputs), rows, clip_norm, keeps, evaluates
        if key not in self._programs:
            update = None if evaluates else self._update
            program = Program(
                self._blocks, self._layout, self._vectors, rows, samples.inputs, samples.labels, self._machine.product,
                update=update, keeps=keeps, clip_norm=clip_norm, label_smoothing=self._network.label_smoothing,
            )  # fmt: skip
            self._programs[key] = program, {}
        return self._programs[key]

    def _pace(self, program: Program) -> "_Pace":
        if program.rows not in self._paces:
            self._paces[program.rows] = _Pace(min(self._crew.most, program.most_threads))
        return self._paces[program.rows]

    @staticmethod
    def _tables(program: Program, tables: dict[int, list[NDArray[np.int64]]], threads: int) -> list[NDArray[np.int64]]:
        if threads not in tables:
            tables[threads] = program.instructions(threads)
        return tables[threads]

    def close(self) -> None:
        """End the engine's threads."""
        self._crew.dismiss()


class _Pace:
    """What a batch takes with how many threads. All numbers give the same bits, so the fastest may be found while the run goes on."""

    def __init__(self, most: int) -> None:
        self.counts = [count for count in (1 << power for power in range(most.bit_length())) if count < most] + [most]
        self._recent = {count: deque[float](maxlen=TRIALS) for count in self.counts}
        """Seconds for a batch in the last calls, by the number of threads. The shortest counts, for what disturbs only takes longer."""
        self._untried = dict.fromkeys(self.counts, TRIALS + 1)
        """The calls for which each number is still to be tried; the first makes its threads and fills caches, and does not count."""
        self._calls = 0
        self.batches = 1
        """How many batches the next call may train."""

    def next_threads(self) -> int:
        """The number for the next call: the fastest so far, or one that has not been tried often, or not for long."""
        self._calls += 1
        most = max(self.counts, key=self._untried.__getitem__)
        if self._untried[most]:
            return most
        best = self._best()
        if len(self.counts) > 1 and self._calls % AGAIN == 0:
            place = self.counts.index(best)
            near = self.counts[max(place - 1, 0) : place] + self.counts[place + 1 : place + 2]
            return near[self._calls // AGAIN % len(near)]
        return best

    def add(self, threads: int, batches: int, seconds: float) -> None:
        """Take a call's time into account."""
        if seconds < ENOUGH and batches == self.batches:
            # Too short to tell anything but that more can be done at once.
            self.batches *= 2
            return
        if self._untried[threads] <= TRIALS:
            self._recent[threads].append(seconds / batches)
            self.batches = max(1, round(AT_ONCE / min(map(min, filter(None, self._recent.values())))))
        self._untried[threads] = max(self._untried[threads] - 1, 0)

    def _best(self) -> int:
        best = self.counts[0]
        for count in self.counts[1:]:
            if min(self._recent[count]) < WORTH * min(self._recent[best]):
                best = count
        return best
