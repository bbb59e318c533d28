"""A step as a program: for each thread a list of operations, with meetings in between.

The work is divided into parts in a way that the shapes alone decide. Threads take whole parts, so that every sum is the same whatever
their number. A wide layer is cut into panels of units, each with its weights, its gradient and the optimizer's slots in memory of its
own: what one thread writes no other thread's cache holds. A narrow layer, such as the last one, is cut by samples on the way forward, and
by inputs on the way back.

All products have the form op(A) B with rows of B contiguous, which on small matrices takes a BLAS half the time of A Bᵀ: on the way back
the gradient at a layer's outputs is kept transposed, for Wᵀ to stand on the left.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.sparse import SparseRows
from tui_trainer.engine.formulas import FormulaError, needs_input, slope_of, value_of
from tui_trainer.engine.library import address
from tui_trainer.engine.memory import PAGE, pages, place_of
from tui_trainer.engine.places import JUDGE, MEET, WIDTH
from tui_trainer.nn.activations import Activation
from tui_trainer.nn.arrays import Array, Labels
from tui_trainer.nn.dense import Dense
from tui_trainer.nn.dropout import Dropout
from tui_trainer.nn.layers import Layer

MOST_PARTS = 8
NUMBERS = PAGE // 4
"""Numbers in a page of memory."""
LINE = 16
"""Numbers in a cache line: parts begin at multiples of it."""

PANEL = 48
"""Fewest units of a panel."""
SPARSE_PANEL = 128
"""The same for more than two panels in a layer over sparse samples, whose loops are the faster the longer their rows are."""
CHUNK = 16
"""Fewest samples of a part of a batch."""
BLOCK = 4096
"""Numbers of a gradient that are updated while they are in the cache that is nearest."""

AS_IS, TRANSPOSED = 111, 112


class Product(NamedTuple):
    """A BLAS's `cblas_sgemm`: its address, and the bits of its sizes."""

    address: int
    bits: int


class Part(NamedTuple):
    """From `start` to `stop`: units, inputs or samples."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start


def parts(size: int, count: int) -> list[Part]:
    """So many parts, at least 1 and at most MOST_PARTS, that begin at multiples of LINE."""
    count = max(1, min(MOST_PARTS, count))
    bounds = sorted({*(round(size * part / count / LINE) * LINE for part in range(count)), size})
    return [Part(*bound) for bound in pairwise(bounds)]


class Block(NamedTuple):
    """A Dense layer with the activation and the dropout after it, where there are any."""

    dense: Dense
    activation: Activation | None
    dropout: Dropout | None


def blocks_of(layers: Sequence[Layer]) -> list[Block] | None:
    """The layers as blocks; None where one has no compiled form."""
    found: list[Block] = []
    for layer in layers:
        match layer:
            case Dense():
                found.append(Block(layer, None, None))
            case Activation() if _is_compiled(layer) and found and not found[-1].activation and not found[-1].dropout:
                found[-1] = found[-1]._replace(activation=layer)
            case Dropout() if found and not found[-1].dropout:
                found[-1] = found[-1]._replace(dropout=layer)
            case _:
                return None
    complete = found and all(block.activation for block in found[:-1]) and not found[-1].activation and not found[-1].dropout
    return found if complete else None


def _is_compiled(activation: Activation) -> bool:
    try:
        value_of(activation)
        slope_of(activation)
    except FormulaError:
        return False
    return True


class Panel(NamedTuple):
    """A part of a layer's units, and where its tensors stand in the vectors: by name in the network, with their shapes."""

    part: Part
    tensors: dict[str, tuple[int, tuple[int, ...]]]


class Layout:
    """Where each part of each tensor stands in vectors of one length: parameters, gradients, the optimizer's slots."""

    def __init__(self, blocks: Sequence[Block], *, sparse: bool) -> None:
        self.layers: list[list[Panel]] = []
        place = 0
        for index, block in enumerate(blocks):
            layer = []
            units = block.dense.units
            count = units // PANEL
            if index == len(blocks) - 1:
                # Cut by samples, for the loss, however many classes there are.
                count = 1
            elif sparse and index == 0:
                count = max(min(count, 2), units // SPARSE_PANEL)
            wide = parts(units, count)
            for part in wide:
                if len(wide) > 1:
                    place = ceil(place / NUMBERS) * NUMBERS
                tensors = {}
                shapes = [(block.dense.name, name, shape) for name, shape in block.dense.shapes().items()]
                shapes += (
                    [(block.activation.name, name, shape) for name, shape in block.activation.shapes().items()] if block.activation else []
                )
                for owner, name, shape in shapes:
                    own = (*shape[:-1], part.size)
                    tensors[f"{owner}.{name}"] = place, own
                    place += ceil(int(np.prod(own)) / LINE) * LINE
                layer.append(Panel(part, tensors))
            self.layers.append(layer)
        self.size = place

    def views(self, vector: Array) -> Iterator[tuple[str, Part, Array]]:
        """Each part of each tensor, in a vector of this layout."""
        for layer in self.layers:
            for panel in layer:
                for name, (place, shape) in panel.tensors.items():
                    yield name, panel.part, vector[place : place + int(np.prod(shape))].reshape(shape)


Item = Callable[[int], list[tuple[Any, ...]]]
"""The operations of a piece of work, for the thread that takes it: its scratch is its own."""


def _always(*ops: tuple[Any, ...]) -> Item:
    """The same operations, whichever thread takes them."""
    return lambda _scratch: list(ops)


def _both(first: Item, second: Item) -> Item:
    """One piece of work after another."""
    return lambda scratch: first(scratch) + second(scratch)


class Group:
    """Pieces of work that any thread may take, none of which needs another."""

    def __init__(self, items: list[Item], meets: bool) -> None:
        self.items, self.meets = items, meets
        self.judges = False

    def of(self, thread: int, threads: int) -> list[Item]:
        """What this one of so many threads takes."""
        count = len(self.items)
        return self.items[count * thread // threads : count * (thread + 1) // threads]


class Vectors(NamedTuple):
    """What the optimizer updates, in the order of a layout."""

    parameters: Array
    gradients: Array
    slots: tuple[Array, ...]


class Program:
    """The steps over batches of `rows` samples of `samples`, images (samples, features) or their sparse form.

    `update` is the optimizer's operation; None where the network is only evaluated. Where `keeps` is true, the whole gradient of a step
    stays in the vectors; else it is gone with the update. `clip_norm` is the norm to which the gradient is clipped.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        layout: Layout,
        vectors: Vectors,
        rows: int,
        samples: Any,
        labels: Labels,
        product: Product,
        *,
        update: str | None = None,
        keeps: bool = False,
        clip_norm: float | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        self.rows = rows
        self._blocks, self._layout, self._vectors, self._product = blocks, layout, vectors, product
        self._samples, self._labels = samples, labels
        self._sparse = isinstance(samples, SparseRows)
        if isinstance(samples, SparseRows):
            self._entries = place_of(samples.starts), place_of(samples.columns), place_of(samples.values)
            self._scale = place_of(samples.scale)
        self._keep: list[Any] = [samples, labels]
        self._update = update
        self._training = update is not None
        self._sorts = self._sparse and self._training and len(layout.layers[0]) > 1
        smoothed = label_smoothing if self._training else 0.0
        share = smoothed / blocks[-1].dense.units
        self._weights_of_labels = self.constants(1 - smoothed + share, share, 1 - smoothed)
        self._nowhere = place_of(self.array(LINE))
        self._factor = self.array(LINE)
        self._factor[0] = 1
        self._chunks = parts(rows, rows // CHUNK)
        self.losses = pages(len(self._chunks), np.float64)
        self.correct = pages(len(self._chunks), np.int64)
        self._groups: list[Group] = []
        self._scratch_size = BLOCK
        self._forward()
        if update is not None:
            self._backward(keeps, clip_norm)

    def array(self, size: int, dtype: Any = np.float32) -> NDArray[Any]:
        """Memory that lives as long as the program."""
        memory = pages(size, dtype)
        self._keep.append(memory)
        return memory

    # The way forward

    def _forward(self) -> None:
        rows, samples = self.rows, self._samples
        self._x: list[tuple[int, int]] = []
        self._z, self._out, self._masks = [], [], []
        draws: list[tuple[Any, ...]] = []
        if self._sparse:
            self._x.append((0, 0))
        else:
            inputs = self._blocks[0].dense.inputs
            loaded = place_of(self.array(rows * inputs))
            load = "load_bytes" if samples.dtype == np.uint8 else "load_floats"
            images = place_of(samples)
            self._group([_always((load, chunk.start, chunk.stop, inputs, images, loaded)) for chunk in self._chunks])
            self._x.append((loaded, inputs))
        for index, block in enumerate(self._blocks):
            is_last = index == len(self._blocks) - 1
            units = block.dense.units
            stride = units if is_last else ceil(units / LINE) * LINE
            z = place_of(self.array(rows * stride))
            out = place_of(self.array(rows * stride)) if block.activation and needs_input(block.activation) else z
            self._z.append((z, stride))
            self._out.append((out, stride))
            passed, mask = out, 0
            if block.dropout and self._training:
                passed, mask = place_of(self.array(rows * stride)), place_of(self.array(rows * units))
                draws.append(self._draw(block.dropout, mask))
            self._masks.append((mask, units))
            self._x.append((passed, stride))
        if draws:
            self._group([_always(*draws)])
        for index in range(len(self._blocks)):
            panels = self._layout.layers[index]
            everyone = [Part(0, rows)] if len(panels) > 1 else self._chunks
            items = [_always(*self._layer_forward(index, panel, chunk)) for panel in panels for chunk in everyone]
            if index < len(self._blocks) - 1:
                self._group(items)
        items = [self._head(item(0), chunk, number) for number, (item, chunk) in enumerate(zip(items, self._chunks, strict=True))]
        if self._sorts:
            half = len(items) // 2
            first, *second = [_always(self._sorting(part)) for part in parts(self._samples.width, 2)]
            items = [*items[:half], first, *items[half:], *second]
        self._group(items)
        self._groups[-1].judges = True

    def _draw(self, dropout: Dropout, mask: int) -> tuple[Any, ...]:
        generator = dropout.rng.bit_generator
        self._keep.append(generator)
        interface = generator.ctypes
        function = ctypes.cast(interface.next_uint32, ctypes.c_void_p).value
        state = interface.state_address
        rate = self.constants(dropout.rate, 1 / (1 - dropout.rate))
        return "draw_mask", self.rows * dropout.units, function, state, rate, mask

    def _layer_forward(self, index: int, panel: Panel, chunk: Part) -> list[tuple[Any, ...]]:
        """z = x W, f(z + b), and dropout, for some units and some samples. The last layer's z alone: its bias is the loss's."""
        block, (units, width) = self._blocks[index], (panel.part, panel.part.size)
        (x, x_stride), (z, stride), (out, _), (passed, _) = self._x[index], self._z[index], self._out[index], self._x[index + 1]
        weight = self._at(self._vectors.parameters, panel, f"{block.dense.name}.weight")
        ops: list[tuple[Any, ...]] = []
        if index == 0 and self._sparse:
            ops.append(("sparse_product", *chunk, width, *self._entries, self._scale, weight, z + 4 * units.start, stride))
        else:
            a, c = x + 4 * chunk.start * x_stride, z + 4 * (chunk.start * stride + units.start)
            ops.append(("touch", chunk.size, block.dense.inputs, x + 4 * chunk.start * x_stride, x_stride, self._nowhere))
            ops.append(self._gemm(AS_IS, chunk.size, width, block.dense.inputs, a, x_stride, weight, width, 0, c, stride))
        if block.activation:
            bias = self._at(self._vectors.parameters, panel, f"{block.dense.name}.bias")
            forward = value_of(block.activation)
            shift = 4 * units.start
            ops.append((forward, chunk.start, chunk.stop, width, z + shift, out + shift, stride, bias, self._alpha(block, panel)))
        if block.dropout and self._training:
            mask, mask_stride = self._masks[index]
            shift = 4 * (chunk.start * stride + units.start)
            place = mask + 4 * (chunk.start * mask_stride + units.start)
            ops.append(("apply_mask", chunk.size, width, place, mask_stride, out + shift, stride, passed + shift, stride))
        return ops

    def _alpha(self, block: Block, panel: Panel) -> int:
        """The address of the activation's parameter: learned, for each unit, or a constant."""
        assert block.activation is not None
        if learned := next(iter(block.activation.shapes()), None):
            return self._at(self._vectors.parameters, panel, f"{block.activation.name}.{learned}")
        return self.constants(*block.activation.values())

    def _head(self, ops: list[tuple[Any, ...]], chunk: Part, number: int) -> Item:
        """The last layer and the loss for some samples."""
        dense, (panel,) = self._blocks[-1].dense, self._layout.layers[-1]
        bias = self._at(self._vectors.parameters, panel, f"{dense.name}.bias")
        if number == 0:
            self._error = place_of(self.array(self.rows * dense.units)), place_of(self.array(self.rows * dense.units))
        tallies = place_of(self.losses) + 8 * number, place_of(self.correct) + 8 * number
        labels = place_of(self._labels)
        logits = self._z[-1][0]
        loss = (
            "softmax_cross_entropy",
            chunk.start,
            chunk.stop,
            self.rows,
            dense.units,
            logits,
            bias,
            *self._error,
            *tallies,
            labels,
            self._weights_of_labels,
        )
        return _always(*ops, loss)

    def _sorting(self, part: Part) -> tuple[Any, ...]:
        s = self._samples
        if part.start == 0:
            most = self.rows * int(np.diff(s.starts).max(initial=0))
            self._sorted = (
                place_of(self.array(s.width + 1, np.int64)),
                place_of(self.array(most, np.uint16)),
                place_of(self.array(most, np.uint8)),
            )
        return "sort_columns", *part, self.rows, *self._entries, *self._sorted

    # The way back

    def _backward(self, keeps: bool, clip_norm: float | None) -> None:
        last = len(self._blocks) - 1
        self._gradients: dict[int, list[int]] = {last: [self._error[0]]}
        self._transposed: dict[int, int] = {last: self._error[1]}
        self._shares: dict[int, list[int]] = {}
        updates: list[Item] = []
        squares: list[Item] = []
        norms = self.array(sum(len(self._owners(index)) for index in range(last + 1)), np.float64)
        for index in range(last, -1, -1):
            owners = self._owners(index)
            weights = [self._weights(index, *owner, keeps=keeps or clip_norm is not None, updates=clip_norm is None) for owner in owners]
            if not index:
                self._group(weights)
            elif self._is_summed(index):
                self._group([_both(_always(self._share(index, number)), item) for number, item in enumerate(weights)])
                below = self._make_gradients(index - 1)
                keeps_to_itself = len(below) > 1 and (index == 1 or self._is_summed(index - 1))
                self._group([_always(*self._gradient_in(index, number)) for number in range(len(below))], meets=not keeps_to_itself)
            else:
                below = self._make_gradients(index - 1)
                self._group([_always(*self._gradient_in(index, number)) for number in range(len(below))])
                self._group(weights, meets=False)
            if clip_norm is not None:
                updates += [self._weights(index, *owner, keeps=True, gradients=False) for owner in owners]
                squares += [self._squares(index, *owner, place_of(norms) + 8 * (len(squares) + n)) for n, owner in enumerate(owners)]
        if clip_norm is not None:
            most = self.array(1, np.float64)
            most[0] = clip_norm
            self._group(squares)
            self._group([_always(("clip", norms.size, place_of(norms), place_of(most), place_of(self._factor)))])
            self._group(updates)

    def _is_summed(self, index: int) -> bool:
        """Whether the gradient below a layer is the sum of what its two panels give each.

        A panel's weights need not be read by another thread then, which with two panels is less to hand over.
        """
        return len(self._layout.layers[index]) == 2

    def _make_gradients(self, index: int) -> list[Panel]:
        """Memory for the gradients at a layer's z, panel by panel and all transposed; return its panels."""
        panels, units = self._layout.layers[index], self._blocks[index].dense.units
        self._gradients[index] = [place_of(self.array(self.rows * panel.part.size)) for panel in panels]
        self._transposed[index] = place_of(self.array(self.rows * units))
        return panels

    def _share(self, index: int, number: int) -> tuple[Any, ...]:
        """What a panel gives to the gradient below: W gᵀ with its own weights alone."""
        dense, panel = self._blocks[index].dense, self._layout.layers[index][number]
        share, own = place_of(self.array(dense.inputs * self.rows)), panel.part.size
        self._shares.setdefault(index, []).append(share)
        weight = self._at(self._vectors.parameters, panel, f"{dense.name}.weight")
        error = self._transposed[index] + 4 * panel.part.start * self.rows
        return self._gemm(AS_IS, dense.inputs, self.rows, own, weight, own, error, self.rows, 0, share, self.rows)

    def _owners(self, index: int) -> list[tuple[int, Part]]:
        """What a layer's weights are divided into: the number of a panel, and its inputs."""
        panels, inputs = self._layout.layers[index], self._blocks[index].dense.inputs
        if len(panels) > 1:
            return [(number, Part(0, inputs)) for number in range(len(panels))]
        if index:
            return [(0, panel.part) for panel in self._layout.layers[index - 1]]
        return [(0, part) for part in parts(inputs, 2 if self._sparse else inputs // CHUNK)]

    def _gradient_in(self, index: int, number: int) -> list[tuple[Any, ...]]:
        """The gradient at some units' z of the layer below: W gᵀ, times the slope."""
        rows, block, panel = self.rows, self._blocks[index - 1], self._layout.layers[index - 1][number]
        width, shift = panel.part.size, panel.part.start
        dense = self._blocks[index].dense
        target, gradient = self._transposed[index - 1] + 4 * shift * rows, self._gradients[index - 1][number]
        ops: list[tuple[Any, ...]] = []
        if self._is_summed(index):
            first, second = (share + 4 * shift * rows for share in self._shares[index])
            ops += [("touch", 1, width * rows, share, 0, self._nowhere) for share in (first, second)]
            ops.append(("transpose_sum", width, rows, first, second, rows, gradient, width))
        else:
            for above in self._layout.layers[index]:
                own = above.part.size
                weight = self._at(self._vectors.parameters, above, f"{dense.name}.weight") + 4 * shift * own
                error = self._transposed[index] + 4 * above.part.start * rows
                ops.append(self._gemm(AS_IS, width, rows, own, weight, own, error, rows, int(above.part.start > 0), target, rows))
            ops.append(("transpose", width, rows, target, rows, gradient, width))
        if block.dropout:
            mask, mask_stride = self._masks[index - 1]
            ops.append(("multiply", rows, width, mask + 4 * shift, mask_stride, gradient, width))
        assert block.activation is not None
        slope = slope_of(block.activation)
        (z, stride), (out, _) = self._z[index - 1], self._out[index - 1]
        learned = next(iter(block.activation.shapes()), None)
        own_gradient = self._at(self._vectors.gradients, panel, f"{block.activation.name}.{learned}") if learned else 0
        ops.append((slope, rows, width, z + 4 * shift, out + 4 * shift, stride, gradient, self._alpha(block, panel), own_gradient))
        bias = self._at(self._vectors.gradients, panel, f"{block.dense.name}.bias")
        ops.append(("sum_rows", rows, width, gradient, width, bias))
        if index > 1:
            ops.append(("transpose", rows, width, gradient, width, target, rows))
        return ops

    def _weights(self, index: int, number: int, inputs: Part, *, keeps: bool, gradients: bool = True, updates: bool = True) -> Item:
        """The gradient of some weights, and their update while it is in the cache."""
        block, panel = self._blocks[index], self._layout.layers[index][number]
        width, name = panel.part.size, f"{block.dense.name}.weight"
        error, (x, x_stride) = self._gradients[index][number], self._x[index]
        size = max(1, BLOCK // width) if self._sparse and index == 0 else max(LINE, 16 * BLOCK // width)
        self._scratch_size = max(self._scratch_size, size * width)

        whole = self._at(self._vectors.gradients, panel, name)
        scatters = index == 0 and self._sparse and not self._sorts

        def operate(scratch: int) -> list[tuple[Any, ...]]:
            ops: list[tuple[Any, ...]] = []
            if gradients and scatters:
                ops.append(("scatter_gradient", *inputs, self.rows, width, *self._entries, self._scale, error, whole))
            for start in range(inputs.start, inputs.stop, size):
                part = Part(start, min(start + size, inputs.stop))
                target = whole + 4 * start * width if keeps or scatters else scratch
                if gradients and self._sorts and index == 0:
                    ops.append(("sparse_gradient", *part, width, *self._sorted, self._scale, error, target))
                elif gradients and not scatters:
                    ops.append(self._gemm(TRANSPOSED, part.size, width, self.rows, x + 4 * start, x_stride, error, width, 0, target, width))
                if updates:
                    ops.append(self._updating(panel, name, start * width, part.size * width, target))
            # Whoever has a panel's first inputs has its other parameters.
            if inputs.start == 0:
                if gradients and index == len(self._blocks) - 1:
                    bias = self._at(self._vectors.gradients, panel, f"{block.dense.name}.bias")
                    ops.append(("sum_rows", self.rows, width, error, width, bias))
                if updates:
                    for other, (_, shape) in panel.tensors.items():
                        if other != name:
                            target = self._at(self._vectors.gradients, panel, other)
                            ops.append(self._updating(panel, other, 0, int(np.prod(shape)), target))
            return ops

        return operate

    def _squares(self, index: int, number: int, inputs: Part, out: int) -> Item:
        panel = self._layout.layers[index][number]
        name = f"{self._blocks[index].dense.name}.weight"
        width = panel.part.size
        spans = [(name, inputs.start * width, inputs.size * width)]
        if inputs.start == 0:
            spans += [(other, 0, int(np.prod(shape))) for other, (_, shape) in panel.tensors.items() if other != name]
        ops: list[tuple[Any, ...]] = [("clear", out)]
        for other, start, count in spans:
            ops.append(("add_squares", count, self._at(self._vectors.gradients, panel, other) + 4 * start, out))
        return _always(*ops)

    def _updating(self, panel: Panel, name: str, start: int, count: int, gradient: int) -> tuple[Any, ...]:
        slots = [self._at(slot, panel, name) + 4 * start for slot in self._vectors.slots]
        parameters = self._at(self._vectors.parameters, panel, name) + 4 * start
        return self._update, count, parameters, gradient, place_of(self._factor), *slots

    # Instructions

    def _gemm(self, *arguments: Any) -> tuple[Any, ...]:
        operation = "product_64" if self._product.bits == 64 else "product_32"
        return operation, self._product.address, *arguments

    @staticmethod
    def _at(vector: Array, panel: Panel, name: str) -> int:
        return place_of(vector) + 4 * panel.tensors[name][0]

    def constants(self, *numbers: float) -> int:
        """The address of numbers."""
        array = self.array(max(len(numbers), 1))
        array[: len(numbers)] = numbers
        return place_of(array)

    def _group(self, items: list[Item], *, meets: bool = True) -> None:
        self._groups.append(Group(items, meets))

    @property
    def most_threads(self) -> int:
        """The most threads among which the work can be divided."""
        return max(len(group.items) for group in self._groups)

    def operations(self) -> set[str]:
        """The operations that the steps consist of."""
        return {operation for group in self._groups for item in group.items for operation, *_ in item(0)}

    def instructions(self, threads: int) -> list[NDArray[np.int64]]:
        """For each of that many threads its operations (operations, WIDTH), each an address and arguments."""
        found = []
        for thread in range(threads):
            scratch = place_of(self.array(self._scratch_size))
            rows: list[tuple[Any, ...]] = []
            for group in self._groups:
                for item in group.of(thread, threads):
                    # Alone, a thread has written everything itself.
                    rows += [(address(operation), *rest) for operation, *rest in item(scratch) if threads > 1 or operation != "touch"]
                if group.meets:
                    rows.append((MEET,))
                if group.judges:
                    rows.append((JUDGE, len(self._chunks), place_of(self.losses), place_of(self.correct), int(self._training)))
            table = np.zeros((len(rows), WIDTH), np.int64)
            for number, row in enumerate(rows):
                table[number, : len(row)] = row
            found.append(table)
        return found
