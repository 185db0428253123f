"""The gauge-equivariant convolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.kernel import Wave
from gaugenet.nn.convolution import matrices
from gaugenet.nn.convolution.convolve import Factors, convolve
from gaugenet.nn.convolution.plan import Plan
from gaugenet.nn.convolution.stencil import Stencil
from gaugenet.nn.entry import enter
from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.level import Level
from gaugenet.nn.precision import working_dtype
from gaugenet.representation import Representation


class GaugeConv(nn.Module):
    """Convolve a field with the most general equivariant kernels of its group (Gerken et al. 2021, section 2.5).

        y(i) = sum_j w_ij kappa(r_ij, theta_ij) rho_in(g_ij) x(j)  +  W x(i) + bias,
        kappa(r, theta) = sum_s sum_rho  W_s,rho b_rho(r) kappa_s(theta),

    with g_ij the transport from j to i and kappa_s all solutions of the kernel constraint (``kernel_basis``). Every row
    of a kappa_s is a wave, such as the real part of exp(i k theta); summed over neighbours with b_rho(r) it is a moment
    of the features. Moments hold no weights, so that the products over channels happen once a vertex, not once an edge.
    W is a pointwise intertwiner; the bias acts on invariants only.

    Args:
        rep_in, rep_out: representations of one group, ``x (V, rep_in.dim)`` to ``(V, rep_out.dim)``.
        profiles: number of radial profiles b_rho.
        bias: add a learned constant to invariant outputs.
        max_frequency: of the waves, by default all of them, and for finite groups, where there is no end of them, the
            larger of 2 and half the number of rotations.
    """

    def __init__(
        self,
        rep_in: Representation | str,
        rep_out: Representation | str,
        profiles: int = 2,
        bias: bool = True,
        max_frequency: int | None = None,
    ) -> None:
        super().__init__()
        self.intertwiner = Intertwiner(rep_in, rep_out, bias=bias)
        self.rep_in, self.rep_out, self.profiles = self.intertwiner.rep_in, self.intertwiner.rep_out, profiles
        if profiles < 1:
            raise ValueError(f"profiles must be >= 1, got {profiles}")
        if max_frequency is not None and max_frequency < 0:
            raise ValueError(f"max_frequency must be >= 0, got {max_frequency}")
        self.max_frequency = max_frequency
        self._bases = matrices.bases(self.rep_in, self.rep_out, max_frequency)
        self._back = matrices.bases(self.rep_out, self.rep_in, max_frequency)
        rows, rows_back = (
            tuple(tuple(len(basis.waves) * profiles for basis in row) for row in table)
            for table in (self._bases, self._back)
        )
        own = tuple(tuple(i.irrep == o.irrep for o in self.rep_out) for i in self.rep_in)
        into, out = (tuple((block.multiplicity, block.size) for block in rep) for rep in (self.rep_in, self.rep_out))
        self._plan = Plan(into, out, rows, rows_back, own)
        self.weight = matrices.kernel_parameters(self.rep_in, self.rep_out, self._bases, profiles)
        ahead, adjoint = matrices.places(self.rep_in, self.rep_out, self._bases, self._back, *self._weights)
        self._places, self._adjoint_places = ExactBuffer(ahead), ExactBuffer(adjoint)

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Convolve ``x (V, rep_in.dim)``; ``at`` is the level's stencil, or data with a bundle (level 0 is used)."""
        return self.convolved(x, enter(self, x, at).stencil)

    def convolved(self, x: Tensor, stencil: Stencil) -> Tensor:
        """Convolve features that ``layer_stencil`` has checked."""
        dtype = working_dtype(x)
        forward, adjoint = self.factors(x, stencil, self.profiles, dtype)
        return convolve(x.to(dtype), self._plan, forward, adjoint)

    def factors(
        self, x: Tensor, stencil: Stencil, profiles: int, dtype: torch.dtype, weighted: bool = True
    ) -> tuple[Factors, Factors]:
        """Return what features, and their gradients, are multiplied with; of gradients nothing where none are wanted.

        Args:
            profiles, weighted: of the operators, as in ``Stencil.operator``.
        """
        signed = matrices.signed(*self._weights, x).to(dtype)
        forward = _factors(stencil, self.rep_in, self._bases, profiles, dtype, weighted)
        forward.weights = _cut(signed.detach(), self._places.value, self._plan)
        forward.bias = self.intertwiner.padded_bias(x).to(dtype)
        adjoint = Factors()
        if torch.is_grad_enabled():
            adjoint = _factors(stencil.adjoint, self.rep_out, self._back, profiles, dtype, weighted)
            adjoint.weights = _cut(signed, self._adjoint_places.value, self._plan.adjoint)
        return forward, adjoint

    def waves(self, a: int) -> tuple[Wave, ...]:
        """Return the waves that are read of block a in, for each block out in turn."""
        return tuple(wave for basis in self._bases[a] for wave in basis.waves)

    @property
    def _weights(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        return dict(self.weight.items()), dict(self.intertwiner.weight.items())

    @property
    def operator_rows(self) -> int:
        """Numbers that its moment operators hold for each edge."""
        return sum(block.size * sum(row) for block, row in zip(self.rep_in, self._plan.rows, strict=True))

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}, profiles={self.profiles}"


def _factors(
    stencil: Stencil, rep: Representation, bases: matrices.Bases, profiles: int, dtype: torch.dtype, weighted: bool
) -> Factors:
    operators = []
    for block, row in zip(rep, bases, strict=True):
        waves = tuple(wave for basis in row for wave in basis.waves)
        operators.append(stencil.operator(block.irrep, waves, profiles, dtype, weighted))
    return Factors(stencil.neighbours(dtype), operators)


def _cut(signed: Tensor, places: Tensor, plan: Plan) -> list[Tensor]:
    """Return the matrices of all blocks out from the table of their entries."""
    shapes = [(sum(map(sum, plan.columns(b))), size[0] * size[1]) for b, size in enumerate(plan.blocks_out)]
    parts = signed.index_select(0, places).split([rows * columns for rows, columns in shapes]) if shapes else ()
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
