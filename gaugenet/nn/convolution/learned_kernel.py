"""The learned kernel that convolutions own: its parameters, and what it makes of the features around a vertex."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugenet.nn.convolution.attend import attend
from gaugenet.nn.convolution.convolve import convolve
from gaugenet.nn.convolution.kernel_space import KernelSpace, signed
from gaugenet.nn.convolution.plan import Factors, Plan
from gaugenet.nn.convolution.stencil import Stencil
from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.intertwiner import Intertwiner, padded_bias
from gaugenet.nn.layer import Layer
from gaugenet.nn.precision import working_dtype
from gaugenet.representation import Representation


class LearnedKernel(Layer):
    """A learned equivariant kernel with its pointwise part.

        kappa(r, theta) = sum_s sum_rho W_s,rho b_rho(r) kappa_s(theta),

    with kappa_s all solutions of the kernel constraint (``KernelSpace``) and b_rho radial profiles. Every row of a
    kappa_s is a wave, such as the real part of exp(i k theta); summed over neighbours with b_rho(r) it is a moment of
    the features. Moments hold no weights, so that the products over channels happen once per vertex, not per edge.
    W x + bias is a pointwise intertwiner.

    Args:
        rep_in: Representation of the input.
        rep_out: Representation of the output, of the same group.
        profiles: Number of radial profiles.
        bias: Whether to add a learned constant to invariant outputs.
        max_frequency: Highest angular frequency; for None see ``kernel_basis``.

    Raises:
        ValueError: If ``profiles`` is below 1 or ``max_frequency`` below 0.
    """

    shown = ("profiles",)

    def __init__(
        self,
        rep_in: Representation | str,
        rep_out: Representation | str,
        profiles: int,
        bias: bool = True,
        max_frequency: int | None = None,
    ) -> None:
        super().__init__(rep_in, rep_out)
        self.intertwiner = Intertwiner(self.rep_in, self.rep_out, bias=bias)
        if profiles < 1:
            raise ValueError(f"profiles must be >= 1, got {profiles}")
        if max_frequency is not None and max_frequency < 0:
            raise ValueError(f"max_frequency must be >= 0, got {max_frequency}")
        self.profiles, self.max_frequency = profiles, max_frequency
        self._space = KernelSpace(self.rep_in, self.rep_out, max_frequency)
        self._adjoint_space, self._plan = self._space.adjoint, self._space.plan(profiles)
        self.weight = self._space.parameters(profiles)
        ahead, adjoint = self._space.tables(*self._weights)
        self._table, self._adjoint_table = ExactBuffer(ahead), ExactBuffer(adjoint)

    def convolve(self, x: Tensor, stencil: Stencil) -> Tensor:
        """Return sum_j w_ij kappa(r_ij, theta_ij) rho_in(g_ij) x(j) + W x(i) + bias.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            stencil: Neighbours with quadrature weights, or a ``Jet``.

        Returns:
            ``(V, rep_out.dim)``, in the precision of autocast or of the features.
        """
        dtype = working_dtype(x)
        forward, adjoint = self._factors(x, stencil, self.profiles, dtype, weighted=True)
        return convolve(x.to(dtype), self._plan, forward, adjoint)

    def attend(self, x: Tensor, stencil: Stencil, amplitude: Tensor) -> Tensor:
        """Return the convolution with amplitudes in place of quadrature weights and radial profiles.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            stencil: The neighbours.
            amplitude: ``(V, K, profiles)``, a number for each entry of a padded list and profile.

        Returns:
            ``(V, rep_out.dim)``, in the precision of the amplitudes.
        """
        dtype = amplitude.dtype
        reverse = stencil.reverse(amplitude.detach()) if torch.is_grad_enabled() else amplitude[:0, 0]
        waves = [stencil.waves(block.irrep, self._space.waves(a), dtype) for a, block in enumerate(self.rep_in)]
        forward, adjoint = self._factors(x, stencil, 1, dtype, weighted=False)
        lists = [stencil.index, stencil.padding.position, *waves]
        return attend(x.to(dtype), amplitude, reverse, self._plan, forward, adjoint, lists)

    @property
    def operator_rows(self) -> int:
        """Numbers that its moment operators hold for each edge."""
        return sum(block.size * sum(row) for block, row in zip(self.rep_in, self._plan.rows, strict=True))

    @property
    def _weights(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        return dict(self.weight.items()), dict(self.intertwiner.weight.items())

    def _factors(
        self, x: Tensor, stencil: Stencil, profiles: int, dtype: torch.dtype, weighted: bool
    ) -> tuple[Factors, Factors]:
        """Return what features, and their gradients, are multiplied with; the latter is empty without gradients."""
        row = signed(*self._weights, x).to(dtype)
        forward = _factors(stencil, self._space, profiles, dtype, weighted)
        forward.weights = _cut(row.detach(), self._table.value, self._plan)
        forward.bias = padded_bias(self.intertwiner.bias, self.rep_out, x).to(dtype)
        adjoint = Factors()
        if torch.is_grad_enabled():
            adjoint = _factors(stencil.adjoint, self._adjoint_space, profiles, dtype, weighted)
            adjoint.weights = _cut(row, self._adjoint_table.value, self._plan.adjoint)
        return forward, adjoint


class KernelWeights(Layer):
    """The learned part of a kernel, for layers that form moments themselves: y_b = sum_a sum_s,rho W_s,rho P_a,s,rho.

    A moment is the sum over neighbours of a wave, a radial profile and a feature; the waves are those of all kernels
    from ``rep_in`` to ``rep_out``, so that y is what these kernels make of the neighbours. There is one dense product
    per vertex and block out.

    Args:
        rep_in: Representation of the features in the moments.
        rep_out: Representation of the output, of the same group.
        profiles: Number of radial profiles, with which each wave is multiplied in turn.
    """

    def __init__(self, rep_in: Representation, rep_out: Representation, profiles: int) -> None:
        super().__init__(rep_in, rep_out)
        self.space = KernelSpace(rep_in, rep_out)
        self.weight = self.space.parameters(profiles)
        self._rows = [list(row) for row in self.space.rows(profiles)]

    def forward(self, moments: list[Tensor]) -> Tensor:
        """Return features.

        Args:
            moments: ``(V, waves * profiles, C)`` of each block in, with the waves of ``space.waves``; C runs fastest.

        Returns:
            ``(V, rep_out.dim)``.
        """
        parts = [moment.split(rows, dim=1) for moment, rows in zip(moments, self._rows, strict=True)]
        weight = dict(self.weight.items())
        outputs = [moments[0].new_zeros(moments[0].shape[0], 0)]
        for b, out in enumerate(self.rep_out):
            y = moments[0].new_zeros(moments[0].shape[0], out.dim)
            for a in range(len(moments)):
                if len(self.space.bases[a][b]):
                    y = y + parts[a][b].flatten(1) @ self.space.of_moments(weight, a, b).to(y.dtype)
            outputs.append(y)
        return torch.cat(outputs, dim=1)


def _factors(stencil: Stencil, space: KernelSpace, profiles: int, dtype: torch.dtype, weighted: bool) -> Factors:
    operators = [
        stencil.operator(block.irrep, space.waves(a), profiles, dtype, weighted) for a, block in enumerate(space.rep_in)
    ]
    return Factors(stencil.neighbours(dtype), operators)


def _cut(row: Tensor, table: Tensor, plan: Plan) -> list[Tensor]:
    """Return the matrices of all blocks out from a row of parameters and the table of their entries."""
    shapes = [(sum(map(sum, plan.columns(b))), size[0] * size[1]) for b, size in enumerate(plan.blocks_out)]
    parts = row.index_select(0, table).split([rows * columns for rows, columns in shapes]) if shapes else ()
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
