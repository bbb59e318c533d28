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
from tui_trainer.nn.layers import Layer, Shapes
from tui_trainer.nn.network import buffer_shapes, parameter_shapes
from tui_trainer.nn.normalization import Normalization
from tui_trainer.nn.normalization.batch import BatchNorm
from tui_trainer.nn.normalization.layer import LayerNorm
from tui_trainer.nn.residual import Residual

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

RUNNING = "running_mean", "running_var"
"""Batch normalization's buffers."""


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
    """A Dense layer with what stands behind it, up to the next one."""

    dense: Dense
    residual: Residual | None = None
    before: Normalization | None = None
    """The normalization between the sum and the activation."""
    activation: Activation | None = None
    after: Normalization | None = None
    """The normalization of the activation's output."""
    dropout: Dropout | None = None

    @property
    def layers(self) -> list[Layer]:
        """Those that there are, in their order."""
        return [layer for layer in self if layer is not None]

    @property
    def stream(self) -> Residual | Dense:
        """What puts out its z."""
        return self.residual or self.dense

    def normalizes_by(self, kind: type[Normalization]) -> bool:
        """Whether one of its normalizations is of this kind."""
        return isinstance(self.before, kind) or isinstance(self.after, kind)


def blocks_of(layers: Sequence[Layer]) -> list[Block] | None:
    """The layers as blocks; None where one has no compiled form."""
    found: list[Block] = []
    for layer in layers:
        if isinstance(layer, Dense):
            found.append(Block(layer))
            continue
        if not found:
            return None
        match layer:
            case Residual():
                found[-1] = found[-1]._replace(residual=layer)
            case BatchNorm() | LayerNorm() if found[-1].activation:
                found[-1] = found[-1]._replace(after=layer)
            case BatchNorm() | LayerNorm():
                found[-1] = found[-1]._replace(before=layer)
            case Activation() if _is_compiled(layer):
                found[-1] = found[-1]._replace(activation=layer)
            case Dropout():
                found[-1] = found[-1]._replace(dropout=layer)
            case _:
                return None
    # A layer that stands elsewhere, or twice, is missing in the blocks, or stands in another place there.
    blocks = [layer for block in found for layer in block.layers]
    complete = found and all(block.activation for block in found[:-1]) and len(found[-1].layers) == 1
    return found if complete and blocks == list(layers) else None


def _is_compiled(activation: Activation) -> bool:
    try:
        value_of(activation)
        slope_of(activation)
    except FormulaError:
        return False
    return True


Places = dict[str, tuple[int, tuple[int, ...]]]
"""Where tensors stand in a vector: by name in the network, with their shapes."""


class Panel(NamedTuple):
    """A part of a layer's units, and where its parameters and its buffers stand in their vectors."""

    part: Part
    tensors: Places
    buffers: Places


class Layout:
    """Where each part of each tensor stands in vectors of one length: parameters, gradients, the optimizer's slots; and the buffers."""

    def __init__(self, blocks: Sequence[Block], *, sparse: bool) -> None:
        self.layers: list[list[Panel]] = []
        place = self.buffer_size = 0
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
                tensors, place = self._placed(parameter_shapes(block.layers), part, place)
                buffers, self.buffer_size = self._placed(buffer_shapes(block.layers), part, self.buffer_size)
                layer.append(Panel(part, tensors, buffers))
            self.layers.append(layer)
        self.size = place

    @staticmethod
    def _placed(shapes: Shapes, part: Part, place: int) -> tuple[Places, int]:
        """A part of the units of tensors, one behind the other from a place on; and the place behind the last."""
        placed: Places = {}
        for name, shape in shapes.items():
            own = (*shape[:-1], part.size)
            placed[name] = place, own
            place += ceil(int(np.prod(own)) / LINE) * LINE
        return placed, place

    def views(self, vector: Array, *, buffers: bool = False) -> Iterator[tuple[str, Part, Array]]:
        """Each part of each tensor, in a vector of this layout."""
        for layer in self.layers:
            for panel in layer:
                for name, (place, shape) in (panel.buffers if buffers else panel.tensors).items():
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
    """What training changes, in the order of a layout."""

    parameters: Array
    gradients: Array
    slots: tuple[Array, ...]
    buffers: Array
    """What layers keep beside their parameters."""


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
        self._zeros = place_of(self.array(max(block.dense.units for block in blocks)))
        self._normalized: list[int] = []
        self._standard: dict[tuple[Normalization, int], tuple[int, int]] = {}
        """The addresses of x̂ and of the factor 1 / √(σ² + ε), for each panel of a normalization."""
        self._over_batch: dict[tuple[Normalization, int], list[int]] = {}
        self._moments: dict[Normalization, tuple[int, int]] = {}
        """The addresses of the panels' moments, and of their sizes."""
        self._has_statistics = self._training and rows > 1
        self._streams: dict[Layer | None, int] = {block.stream: index for index, block in enumerate(blocks)}
        """The blocks by what puts out their z."""
        self._skips = {block.residual.source: (index, block.residual) for index, block in enumerate(blocks) if block.residual}
        """By its source, each skip with the block to whose z it adds."""
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
        self._z, self._y, self._out, self._masks = [], [], [], []
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
            y = place_of(self.array(rows * stride)) if block.before or self._is_kept(block) else z
            out = place_of(self.array(rows * stride)) if block.activation and needs_input(block.activation) else y
            self._z.append((z, stride))
            self._y.append(y)
            self._out.append(out)
            passed, mask = place_of(self.array(rows * stride)) if block.after else out, 0
            self._normalized.append(passed)
            if block.dropout and self._training:
                passed, mask = place_of(self.array(rows * stride)), place_of(self.array(rows * units))
                draws.append(self._draw(block.dropout, mask))
            self._masks.append((mask, units))
            self._x.append((passed, stride))
        if draws:
            self._group([_always(*draws)])
        items: list[Item] = []
        for index in range(len(self._blocks)):
            panels = self._layout.layers[index]
            # The mean over a batch is not to be had from a part of it.
            whole = len(panels) > 1 or (self._has_statistics and self._blocks[index].normalizes_by(BatchNorm))
            everyone = [Part(0, rows)] if whole else self._chunks
            stages = [self._layer_forward(index, number, chunk) for number in range(len(panels)) for chunk in everyone]
            for stage in zip(*stages, strict=True):
                items = [_always(*ops) for ops in stage]
                if index < len(self._blocks) - 1:
                    self._group(items)
        items = [self._head(item(0), chunk, number) for number, (item, chunk) in enumerate(zip(items, self._chunks, strict=True))]
        if self._sorts:
            half = len(items) // 2
            first, *second = [_always(self._sorting(part)) for part in parts(self._samples.width, 2)]
            items = [*items[:half], first, *items[half:], *second]
        self._group(items)
        self._groups[-1].judges = True

    def _is_kept(self, block: Block) -> bool:
        """Whether a block's z is read later on."""
        return block.stream in self._skips

    def _is_projected(self, index: int) -> bool:
        """Whether a block's z is read by a skip with weights."""
        block = self._blocks[index]
        return self._is_kept(block) and self._skips[block.stream][1].projects

    def _draw(self, dropout: Dropout, mask: int) -> tuple[Any, ...]:
        generator = dropout.rng.bit_generator
        self._keep.append(generator)
        interface = generator.ctypes
        function = ctypes.cast(interface.next_uint32, ctypes.c_void_p).value
        state = interface.state_address
        rate = self.constants(dropout.rate, 1 / (1 - dropout.rate))
        return "draw_mask", self.rows * dropout.units, function, state, rate, mask

    def _layer_forward(self, index: int, number: int, chunk: Part) -> list[list[tuple[Any, ...]]]:
        """A block for some units and some samples, in stages between which all have to meet. The last layer's x W alone: its bias is the
        loss's."""
        block, panel = self._blocks[index], self._layout.layers[index][number]
        units, width = panel.part, panel.part.size
        (x, x_stride), (z, stride), (passed, _) = self._x[index], self._z[index], self._x[index + 1]
        y, out = self._y[index], self._out[index]
        weight = self._at(self._vectors.parameters, panel, f"{block.dense.name}.weight")
        ops: list[tuple[Any, ...]] = []
        stages = [ops]
        shift = 4 * units.start
        place = 4 * (chunk.start * stride + units.start)
        if index == 0 and self._sparse:
            ops.append(("sparse_product", *chunk, width, *self._entries, self._scale, weight, z + shift, stride))
        else:
            a = x + 4 * chunk.start * x_stride
            ops.append(("touch", chunk.size, block.dense.inputs, a, x_stride, self._nowhere))
            ops.append(self._gemm(AS_IS, chunk.size, width, block.dense.inputs, a, x_stride, weight, width, 0, z + place, stride))
        if not block.activation:
            return stages
        bias = self._at(self._vectors.parameters, panel, f"{block.dense.name}.bias") if block.dense.has_bias else self._zeros
        if block.residual:
            ops.append(self._skip(block.residual, panel, chunk, z + place, stride))
        if y != z and block.dense.has_bias:
            ops.append(("add", chunk.size, width, bias, 0, z + place, stride))
            bias = self._zeros
        if block.before:
            self._normalize(stages, index, block.before, number, chunk, z, y)
        elif y != z:
            ops.append(("copy", chunk.size, width, z + place, stride, y + place, stride))
        forward = value_of(block.activation)
        stages[-1].append((forward, *chunk, width, y + shift, out + shift, stride, bias, self._alpha(block, panel)))
        if block.after:
            self._normalize(stages, index, block.after, number, chunk, out, self._normalized[index])
        if block.dropout and self._training:
            mask, mask_stride = self._masks[index]
            mask += 4 * (chunk.start * mask_stride + units.start)
            values = self._normalized[index] + place
            stages[-1].append(("apply_mask", chunk.size, width, mask, mask_stride, values, stride, passed + place, stride))
        return stages

    def _skip(self, residual: Residual, panel: Panel, chunk: Part, z: int, stride: int) -> tuple[Any, ...]:
        """What the source put out, added to z for some units and some samples."""
        source = self._streams[residual.source]
        start, source_stride = self._z[source]
        start += 4 * chunk.start * source_stride
        width = panel.part.size
        if not residual.projects:
            return "add", chunk.size, width, start + 4 * panel.part.start, source_stride, z, stride
        weight = self._at(self._vectors.parameters, panel, f"{residual.name}.weight")
        return self._gemm(AS_IS, chunk.size, width, residual.source_units, start, source_stride, weight, width, 1, z, stride)

    def _normalize(
        self, stages: list[list[tuple[Any, ...]]], index: int, layer: Normalization, number: int, chunk: Part, x: int, out: int
    ) -> None:
        """Add what brings some units' x to mean 0 and variance 1."""
        panels, stride = self._layout.layers[index], self._z[index][1]
        panel = panels[number]
        width, shift = panel.part.size, 4 * panel.part.start
        key = layer, number
        if key not in self._standard:
            self._standard[key] = place_of(self.array(self.rows * width)), place_of(self.array(max(self.rows, width)))
        standard, factor = self._standard[key]
        gamma, beta = (self._at(self._vectors.parameters, panel, f"{layer.name}.{own}") for own in ("weight", "bias"))
        if isinstance(layer, LayerNorm):
            if layer not in self._moments:
                sizes = self.array(len(panels), np.int64)
                sizes[:] = [each.part.size for each in panels]
                self._moments[layer] = place_of(self.array(2 * self.rows * len(panels))), place_of(sizes)
            moments, sizes_at = self._moments[layer]
            own = moments + 8 * self.rows * number
            stages[-1].append(("row_moments", *chunk, width, x + shift, stride, standard, own))
            if len(panels) > 1:
                stages.append([])
            arrays = x + shift, stride, standard, out + shift, stride, gamma, beta
            stages[-1].append(("layer_norm", *chunk, width, *arrays, factor, len(panels), self.rows, moments, sizes_at))
            return
        place = 4 * (chunk.start * stride + panel.part.start)
        if self._has_statistics:
            operation, statistics = "batch_norm", self._statistics(key, width)
        else:
            buffers = self._vectors.buffers
            operation, statistics = "batch_norm_by_running", [self._buffer(buffers, panel, layer, own) for own in RUNNING]
            # Each of the chunks of samples has its own.
            factor = factor if self._training else place_of(self.array(width))
        arrays = x + place, stride, standard + 4 * chunk.start * width, out + place, stride, gamma, beta
        stages[-1].append((operation, chunk.size, width, *arrays, *statistics, factor))

    def _statistics(self, key: tuple[Normalization, int], width: int) -> list[int]:
        """Memory for the mean and the variance of a panel's units over the batch."""
        if key not in self._over_batch:
            self._over_batch[key] = [place_of(self.array(width)) for _ in RUNNING]
        return self._over_batch[key]

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
            projections = list(self._projections(index, updates=clip_norm is None))
            if projections:
                self._group(projections, meets=False)
            if not index:
                self._group(weights)
            elif self._is_summed(index):
                self._group([_both(_always(self._share(index, number)), item) for number, item in enumerate(weights)])
                below = self._make_gradients(index - 1)
                keeps_to_itself = len(below) > 1 and (index == 1 or self._is_summed(index - 1)) and not self._is_projected(index - 1)
                self._gradients_in(index, len(below), meets=not keeps_to_itself)
            else:
                below = self._make_gradients(index - 1)
                self._gradients_in(index, len(below))
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

    def _gradients_in(self, index: int, panels: int, *, meets: bool = True) -> None:
        *stages, last = zip(*(self._gradient_in(index, number) for number in range(panels)), strict=True)
        for stage in stages:
            self._group([_always(*ops) for ops in stage])
        self._group([_always(*ops) for ops in last], meets=meets)

    def _gradient_in(self, index: int, number: int) -> list[list[tuple[Any, ...]]]:
        """The gradient at some units' z of the layer below: W gᵀ, times the slope; in stages between which all have to meet."""
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
        stages = [ops]
        if block.after:
            self._unnormalize(stages, index - 1, block.after, number, gradient)
        assert block.activation is not None
        slope = slope_of(block.activation)
        y, out, stride = self._y[index - 1] + 4 * shift, self._out[index - 1] + 4 * shift, self._z[index - 1][1]
        learned = next(iter(block.activation.shapes()), None)
        own_gradient = self._at(self._vectors.gradients, panel, f"{block.activation.name}.{learned}") if learned else 0
        stages[-1].append((slope, rows, width, y, out, stride, gradient, self._alpha(block, panel), own_gradient))
        if block.before:
            self._unnormalize(stages, index - 1, block.before, number, gradient)
        if self._is_kept(block):
            stages[-1].extend(self._skipped(block, panel, gradient))
        if block.dense.has_bias:
            bias = self._at(self._vectors.gradients, panel, f"{block.dense.name}.bias")
            stages[-1].append(("sum_rows", rows, width, gradient, width, bias))
        if index > 1:
            stages[-1].append(("transpose", rows, width, gradient, width, target, rows))
        return stages

    def _unnormalize(self, stages: list[list[tuple[Any, ...]]], index: int, layer: Normalization, number: int, gradient: int) -> None:
        """Add what turns the gradient at some normalized units into the one at them as they were."""
        panels, rows = self._layout.layers[index], self.rows
        panel = panels[number]
        width = panel.part.size
        standard, factor = self._standard[layer, number]
        gamma = self._at(self._vectors.parameters, panel, f"{layer.name}.weight")
        gradients = [self._at(self._vectors.gradients, panel, f"{layer.name}.{own}") for own in ("weight", "bias")]
        if isinstance(layer, LayerNorm):
            sums, sizes = self._moments[layer]
            own = sums + 8 * rows * number
            stages[-1].append(("layer_norm_sums", rows, width, gradient, standard, gamma, *gradients, own))
            if len(panels) > 1:
                stages.append([])
            stages[-1].append(("layer_norm_gradient", rows, width, gradient, standard, factor, len(panels), sums, sizes))
            return
        stages[-1].append(("batch_norm_gradient", rows, width, gradient, standard, gamma, factor, *gradients))
        if self._has_statistics:
            running = [self._buffer(self._vectors.buffers, panel, layer, own) for own in RUNNING]
            rates = self.constants(BatchNorm.MOMENTUM, rows / (rows - 1))
            stages[-1].append(("move_running", width, *self._over_batch[layer, number], *running, rates))

    def _skipped(self, block: Block, panel: Panel, gradient: int) -> Iterator[tuple[Any, ...]]:
        """Add the gradient that comes to some units' z past the layers in between."""
        rows, part = self.rows, panel.part
        index, residual = self._skips[block.stream]
        if residual.projects:
            projected, back = place_of(self.array(rows * part.size)), place_of(self.array(rows * part.size))
            for above in self._layout.layers[index]:
                own = above.part.size
                weight = self._at(self._vectors.parameters, above, f"{residual.name}.weight") + 4 * part.start * own
                error = self._transposed[index] + 4 * above.part.start * rows
                yield self._gemm(AS_IS, part.size, rows, own, weight, own, error, rows, int(above.part.start > 0), projected, rows)
            yield "transpose", part.size, rows, projected, rows, back, part.size
            yield "add", rows, part.size, back, part.size, gradient, part.size
            return
        for above, error in zip(self._layout.layers[index], self._gradients[index], strict=True):
            # Of sparse samples the first layer is cut into other panels than those that follow.
            start, stop = max(part.start, above.part.start), min(part.stop, above.part.stop)
            if start < stop:
                there, here = error + 4 * (start - above.part.start), gradient + 4 * (start - part.start)
                yield "add", rows, stop - start, there, above.part.size, here, part.size

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
                        # A skip's weights are still needed for the gradient at its source.
                        if other != name and not (gradients and block.residual and other == f"{block.residual.name}.weight"):
                            target = self._at(self._vectors.gradients, panel, other)
                            ops.append(self._updating(panel, other, 0, int(np.prod(shape)), target))
            return ops

        return operate

    def _projections(self, index: int, *, updates: bool) -> Iterator[Item]:
        """The gradients of the skip's weights that project what a block's layers put out, and their update."""
        block = self._blocks[index]
        if not self._is_projected(index):
            return
        above, residual = self._skips[block.stream]
        name, (source, stride) = f"{residual.name}.weight", self._z[index]
        for panel, error in zip(self._layout.layers[above], self._gradients[above], strict=True):
            width, target = panel.part.size, self._at(self._vectors.gradients, panel, name)
            ops = [self._gemm(TRANSPOSED, block.dense.units, width, self.rows, source, stride, error, width, 0, target, width)]
            if updates:
                ops.append(self._updating(panel, name, 0, block.dense.units * width, target))
            yield _always(*ops)

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

    @staticmethod
    def _buffer(vector: Array, panel: Panel, layer: Layer, name: str) -> int:
        return place_of(vector) + 4 * panel.buffers[f"{layer.name}.{name}"][0]

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
