"""A small matrix product with gathered rows, compiled for the vector registers of the machine.

BLAS computes one product at a time from memory to memory. A convolution needs many small ones in a row, with gathered
rows of one factor and intermediate results that never leave the cache: ``product`` is the building block for that. It
reaches 60 to 90 % of the peak of a core.
"""

from __future__ import annotations

import platform
from typing import Any

import numba
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

# Vector registers: their width [bit], and how many rows of results fit in them, two vectors each.
_FEATURES = binding.get_host_cpu_features()
_BITS = 512 if _FEATURES.get("avx512f") else 256 if _FEATURES.get("avx2") else 128
_ROWS = 8 if _BITS == 512 or platform.machine() in ("aarch64", "arm64") else 4  # of 32 registers, of 16

_INT = ir.IntType(64)
_INT32 = ir.IntType(32)


@intrinsic
def pointer(typingctx: Any, address: Any, scalar: Any) -> Any:
    """Return an integer as pointer to numbers.

    Args:
        typingctx: Given by numba.
        address: The integer.
        scalar: Type of the numbers.

    Returns:
        The pointer.
    """
    kind = types.CPointer(scalar.instance_type)

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(kind))

    return kind(types.int64, scalar), codegen


@intrinsic
def shifted(typingctx: Any, base: Any, count: Any) -> Any:
    """Return the pointer ``base + count``.

    Args:
        typingctx: Given by numba.
        base: A pointer.
        count: Number of steps.

    Returns:
        The pointer.
    """

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return base(base, types.int64), codegen


@intrinsic
def take_number(typingctx: Any, counter: Any) -> Any:
    """Return the number at a pointer and raise it by one, so that no two threads get the same.

    Args:
        typingctx: Given by numba.
        counter: Pointer to an integer.

    Returns:
        The number before.
    """

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", args[0], ir.Constant(_INT, 1), "monotonic")

    return types.int64(counter), codegen


def _tile(rows: int, vectors: int) -> Any:
    """Build a product whose results, ``rows`` rows of ``vectors`` registers, stay in registers over the whole sum.

    With one register, columns from ``width`` on are not touched.
    """

    @intrinsic
    def tile(
        typingctx: Any, c: Any, c_row: Any, a: Any, a_row: Any, a_term: Any,
        b: Any, b_row: Any, b_term: Any, index: Any, gathered: Any, terms: Any, width: Any, add: Any
    ) -> Any:  # fmt: skip
        integer = types.int64

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            c, c_row, a, a_row, a_term, b, b_row, b_term, index, gathered, terms, width, add = args
            code = _Vectors(context, builder, signature.args[0].dtype, width if vectors == 1 else None)
            places = [
                [builder.gep(c, [builder.add(code.times(c_row, r), code.lanes(v))]) for v in range(vectors)]
                for r in range(rows)
            ]
            sums = [[cgutils.alloca_once(builder, code.type) for _ in row] for row in places]
            cells = [(sums[r][v], places[r][v]) for r in range(rows) for v in range(vectors)]
            with builder.if_else(builder.trunc(add, ir.IntType(1))) as (old, fresh):
                with old:
                    for cell, place in cells:
                        builder.store(code.load(place), cell)
                with fresh:
                    for cell, _ in cells:
                        builder.store(code.zero, cell)
            with cgutils.for_range(builder, gathered) as outer:
                block = builder.gep(b, [builder.mul(builder.load(builder.gep(index, [outer.index])), b_row)])
                factors = builder.gep(a, [builder.mul(builder.mul(outer.index, terms), a_term)])
                with cgutils.for_range(builder, terms) as inner:
                    source = builder.gep(block, [builder.mul(inner.index, b_term)])
                    values = [code.load(builder.gep(source, [code.lanes(v)])) for v in range(vectors)]
                    term = builder.gep(factors, [builder.mul(inner.index, a_term)])
                    for r in range(rows):
                        factor = code.spread(builder.load(builder.gep(term, [code.times(a_row, r)])))
                        for v, value in enumerate(values):
                            builder.store(code.add_product(builder.load(sums[r][v]), factor, value), sums[r][v])
            for cell, place in cells:
                code.store(builder.load(cell), place)
            return context.get_dummy_value()

        signature = types.void(
            c, integer, a, integer, integer, b, integer, integer, index, integer, integer, integer, types.boolean
        )  # fmt: skip
        return signature, codegen

    return tile


class _Vectors:
    """Instructions on vectors of one type; with a ``width``, loads and stores touch that many lanes at most."""

    def __init__(self, context: Any, builder: Any, scalar: Any, width: Any) -> None:
        self.builder, self.count = builder, _BITS // scalar.bitwidth
        self.type = ir.VectorType(context.get_value_type(scalar), self.count)
        self.zero = ir.Constant(self.type, [0.0] * self.count)
        self.align = scalar.bitwidth // 8
        self.mask = None
        if width is not None:
            numbers = ir.VectorType(_INT, self.count)
            lane = ir.Constant(numbers, list(range(self.count)))
            self.mask = builder.icmp_signed("<", lane, self._splat(width, numbers))
            self.name = f"v{self.count}f{scalar.bitwidth}.p0"

    def _splat(self, value: Any, kind: Any) -> Any:
        undefined = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(_INT32, 0))
        lanes = ir.Constant(ir.VectorType(_INT32, self.count), [0] * self.count)
        return self.builder.shuffle_vector(first, undefined, lanes)

    def times(self, value: Any, number: int) -> Any:
        return self.builder.mul(value, ir.Constant(_INT, number))

    def lanes(self, vectors: int) -> Any:
        return ir.Constant(_INT, vectors * self.count)

    def spread(self, value: Any) -> Any:
        return self._splat(value, self.type)

    def add_product(self, total: Any, a: Any, b: Any) -> Any:
        return self.builder.fadd(self.builder.fmul(a, b, flags=("contract",)), total, flags=("contract",))

    def load(self, place: Any) -> Any:
        place = self.builder.bitcast(place, self.type.as_pointer())
        if self.mask is None:
            return self.builder.load(place, align=self.align)
        kind = ir.FunctionType(self.type, [place.type, _INT32, self.mask.type, self.type])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.masked.load.{self.name}")
        return self.builder.call(function, [place, ir.Constant(_INT32, self.align), self.mask, self.zero])

    def store(self, value: Any, place: Any) -> None:
        place = self.builder.bitcast(place, self.type.as_pointer())
        if self.mask is None:
            self.builder.store(value, place, align=self.align)
            return
        kind = ir.FunctionType(ir.VoidType(), [self.type, place.type, _INT32, self.mask.type])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.masked.store.{self.name}")
        self.builder.call(function, [value, place, ir.Constant(_INT32, self.align), self.mask])


def _strip(rows: int) -> Any:
    """Build the product of ``rows`` rows with all columns, two registers of columns at a time."""
    wide, narrow, lanes = _tile(rows, 2), _tile(rows, 1), _BITS // 8

    @numba.njit(nogil=True, error_model="numpy")
    def strip(c, c_row, width, a, a_row, a_term, b, b_row, b_term, index, gathered, terms, add):
        step = lanes // itemsize(c)
        column = 0
        while column + 2 * step <= width:
            wide(
                shifted(c, column), c_row, a, a_row, a_term, shifted(b, column), b_row, b_term,
                index, gathered, terms, 0, add,
            )  # fmt: skip
            column += 2 * step
        while column < width:
            narrow(
                shifted(c, column), c_row, a, a_row, a_term, shifted(b, column), b_row, b_term,
                index, gathered, terms, width - column, add,
            )  # fmt: skip
            column += step

    return strip


@intrinsic
def itemsize(typingctx: Any, base: Any) -> Any:
    """Return the size [byte] of the numbers that a pointer points to.

    Args:
        typingctx: Given by numba.
        base: The pointer.

    Returns:
        The size.
    """

    def codegen(_context: Any, _builder: Any, signature: Any, _args: Any) -> Any:
        return ir.Constant(_INT, signature.args[0].dtype.bitwidth // 8)

    return types.int64(base), codegen


_strip_8, _strip_4, _strip_2, _strip_1 = (_strip(rows) for rows in (8, 4, 2, 1))


@numba.njit(nogil=True, error_model="numpy")
def product(c, c_row, rows, width, a, a_row, a_term, b, b_row, b_term, index, gathered, terms, add):  # noqa: ANN201
    """Compute C[r, :] = sum_g sum_t A[r, g * terms + t] B[index[g], t, :]; with ``add``, add it to C.

    C, A and B are pointers to numbers of one type. Steps count numbers.

    Args:
        c: Pointer C.
        c_row: Step from row to row of C.
        rows: Number of rows of C.
        width: Number of columns of C.
        a: Pointer A.
        a_row: Step from row to row of A.
        a_term: Step from column to column of A.
        b: Pointer B.
        b_row: Step of the first index of B.
        b_term: Step of the second index of B.
        index: Pointer to 64-bit integers.
        gathered: Number of terms g.
        terms: Number of terms t.
        add: Whether to add to C.
    """
    row = 0
    while row < rows:
        left = rows - row
        here, factor = shifted(c, row * c_row), shifted(a, row * a_row)
        if left >= 8 and _ROWS == 8:
            _strip_8(here, c_row, width, factor, a_row, a_term, b, b_row, b_term, index, gathered, terms, add)
            row += 8
        elif left >= 4:
            _strip_4(here, c_row, width, factor, a_row, a_term, b, b_row, b_term, index, gathered, terms, add)
            row += 4
        elif left >= 2:
            _strip_2(here, c_row, width, factor, a_row, a_term, b, b_row, b_term, index, gathered, terms, add)
            row += 2
        else:
            _strip_1(here, c_row, width, factor, a_row, a_term, b, b_row, b_term, index, gathered, terms, add)
            row += 1
