"""What numba lacks: memory and functions by their addresses, atomic counters, the bits of a float32.

An operation is a compiled C function `void operation(int64_t *arguments, int64_t *step)`, called through its address. Its arguments are
sizes and addresses, both as int64, so that one small loop runs any list of operations.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numba
from llvmlite import ir
from numba import extending, types

Arguments: TypeAlias = Any
"""A C pointer to numbers."""

Operation: TypeAlias = Callable[[Arguments, Arguments], None]

intrinsic: Any = extending.intrinsic

OPTIONS: Any = {"error_model": "numpy", "fastmath": {"contract"}}
"""A product and a sum may be one instruction, as they are in a BLAS. Nothing is summed in another order."""

IN_ANY_ORDER: Any = {**OPTIONS, "fastmath": {"contract", "reassoc", "nsz"}}
"""The same, but the sums of an operation may be made of parts, as many as the processor's vectors are long."""

OPERATION = "void(CPointer(int64), CPointer(int64))"
"""The signature of an operation."""


def inlined(function: Callable[..., Any]) -> Any:
    """A function that is compiled into the operations that call it."""
    # By numba, not by LLVM: a call between compiled functions could fail as Python's do.
    return numba.njit(inline="always", **OPTIONS)(function)


def _array_type(context: Any, dtype: Any) -> Any:
    return context.get_value_type(dtype).as_pointer()


def _view(dtype: Any) -> Any:
    @intrinsic
    def view(typing: Any, place: Any) -> Any:
        """The memory at an address, as a C pointer to numbers of one type."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], _array_type(context, dtype))

        return types.CPointer(dtype)(types.int64), generate

    return view


floats = _view(types.float32)
doubles = _view(types.float64)
integers = _view(types.int64)
shorts = _view(types.uint16)
octets = _view(types.uint8)


@intrinsic
def bits_of(typing: Any, number: Any) -> Any:
    """The bits of a float32, as an int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), generate


@intrinsic
def float_of(typing: Any, bits: Any) -> Any:
    """The float32 with these bits, an int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def invoke(typing: Any, place: Any, arguments: Any, step: Any) -> Any:
    """Call the operation at an address."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = ir.IntType(64).as_pointer()
        function = ir.FunctionType(ir.VoidType(), [pointer, pointer]).as_pointer()
        builder.call(builder.inttoptr(values[0], function), [builder.inttoptr(value, pointer) for value in values[1:]])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def call(typing: Any, place: Any) -> Any:
    """Call a C function without arguments."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.call(builder.inttoptr(values[0], ir.FunctionType(ir.VoidType(), []).as_pointer()), [])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def next_uint32(typing: Any, place: Any, state: Any) -> Any:
    """The next 32 random bits of a NumPy bit generator, by its function's and its state's address."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        function = ir.FunctionType(ir.IntType(32), [pointer]).as_pointer()
        return builder.call(builder.inttoptr(values[0], function), [builder.inttoptr(values[1], pointer)])

    return types.uint32(types.int64, types.int64), generate


def _sgemm(bits: int) -> Any:
    @intrinsic
    def sgemm(
        typing: Any, place: Any, trans_a: Any, m: Any, n: Any, k: Any, a: Any, lda: Any, b: Any, ldb: Any, beta: Any, c: Any, ldc: Any
    ) -> Any:
        """C (m, n) ← op(A) (m, k) @ B (k, n) + beta C, by the cblas_sgemm at an address; rows are contiguous."""

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            integer, number, enum, pointer = ir.IntType(bits), ir.FloatType(), ir.IntType(32), ir.IntType(8).as_pointer()
            arguments = [enum] * 3 + [integer] * 3 + [number, pointer, integer, pointer, integer, number, pointer, integer]
            function = ir.FunctionType(ir.VoidType(), arguments).as_pointer()
            place, trans_a, m, n, k, a, lda, b, ldb, beta, c, ldc = values
            if bits < 64:
                m, n, k, lda, ldb, ldc = (builder.trunc(each, integer) for each in (m, n, k, lda, ldb, ldc))
            a, b, c = (builder.inttoptr(each, pointer) for each in (a, b, c))
            rows_contiguous, as_is, one = enum(101), enum(111), number(1.0)
            trans_a = builder.trunc(trans_a, enum)
            builder.call(builder.inttoptr(place, function), [rows_contiguous, trans_a, as_is, m, n, k, one, a, lda, b, ldb, beta, c, ldc])
            return context.get_dummy_value()

        long = types.int64
        return types.void(long, long, long, long, long, long, long, long, long, types.float32, long, long), generate

    return sgemm


sgemm_64 = _sgemm(64)
sgemm_32 = _sgemm(32)


@intrinsic
def atomic_add(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Add to an element of counters, and return what it was."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.atomic_rmw("add", builder.gep(arguments[0], [arguments[1]]), arguments[2], "seq_cst")

    return types.int64(array, types.int64, types.int64), generate


@intrinsic
def atomic_load(typing: Any, array: Any, index: Any) -> Any:
    """An element of counters, as the other threads have left it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(builder.gep(arguments[0], [arguments[1]]), "seq_cst", 8)

    return types.int64(array, types.int64), generate


@intrinsic
def atomic_store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Set an element of counters for the other threads."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store_atomic(arguments[2], builder.gep(arguments[0], [arguments[1]]), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), generate
