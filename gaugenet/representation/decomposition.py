"""Decompositions into irreps of tensor products and of regular, quotient, induced and restricted representations."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gaugenet.group import Elements, Group
from gaugenet.representation.intertwiners import Action, intertwiners
from gaugenet.representation.representation import Representation


@dataclass(frozen=True)
class Decomposition:
    """An orthogonal representation sigma as a direct sum of irreps: sigma(g) = Q^T rho(g) Q.

    Attributes:
        rep: The representation rho.
        basis: Orthogonal Q ``(dim, dim)``, float64; features of ``rep`` are Q times features of sigma.
    """

    rep: Representation
    basis: Tensor

    def matrix(self, at: Elements) -> Tensor:
        """Return the matrices sigma(g).

        Args:
            at: Elements g ``(...)``.

        Returns:
            Matrices ``(..., dim, dim)``.
        """
        return self.basis.T @ self.rep.matrix(at) @ self.basis


def decompose(action: Action, group: Group, highest: int) -> Decomposition:
    """Decompose an orthogonal representation.

    The copies of an irrep are equivariant maps A from it with A^T A = 1 and mutually orthogonal images (Schur).

    Args:
        action: The representation, from elements ``(G,)`` to orthogonal matrices ``(G, dim, dim)``.
        group: Structure group.
        highest: Highest order of the irreps in it.
    """
    terms, rows = [], []
    for irrep in group.irreps(highest):
        found = intertwiners(irrep.matrix, action, group)  # (S, dim, size)
        chosen: list[Tensor] = []
        while len(found):
            # All maps left have images orthogonal to those chosen. A^T A is a multiple of 1 for each map A.
            best = found[int((found.square().sum((1, 2)) > 0.5 * found.square().sum((1, 2)).max()).int().argmax())]
            one = best / best.square().sum().sqrt() * irrep.size**0.5
            chosen.append(one)
            found = found - one @ (one.T @ found)
            found = found[found.square().sum((1, 2)) > 1e-9]
        if chosen:
            terms.append((len(chosen), irrep))
            rows.append(torch.stack(chosen).permute(2, 0, 1).flatten(0, 1))
    return Decomposition(Representation(terms, group), torch.cat(rows))


def intertwiner_basis(first: Representation | str, second: Representation | str) -> Tensor:
    """Return a basis of all equivariant linear maps from one representation to another.

    Args:
        first: Representation of the input.
        second: Representation of the output.

    Returns:
        Maps ``(S, second.dim, first.dim)``, float64.

    Raises:
        ValueError: If the representations have different groups.
    """
    first = Representation(first)
    second = Representation(second, first.group)
    return intertwiners(first.matrix, second.matrix, first.group)


def tensor_product(first: Representation | str, second: Representation | str) -> Decomposition:
    """Decompose a tensor product, whose features are the products x_a y_b with b running faster.

    Orders n and m >= 1 of SO(2) give |n - m| and n + m: conj(z) w and z w for complex z and w.

    Args:
        first: Representation of x.
        second: Representation of y.

    Raises:
        ValueError: If the representations have different groups.
    """
    first = Representation(first)
    second = Representation(second, first.group)

    def action(at: Elements) -> Tensor:
        a, b = first.matrix(at), second.matrix(at)
        product = a[..., :, None, :, None] * b[..., None, :, None, :]
        return product.flatten(-4, -3).flatten(-2, -1)

    return decompose(action, first.group, max(first.orders, default=0) + max(second.orders, default=0))


def restrict(rep: Representation | str, subgroup: Group | str) -> Decomposition:
    """Decompose a representation under a subgroup.

    Args:
        rep: Representation.
        subgroup: Subgroup of its group.

    Raises:
        ValueError: If ``subgroup`` is not a subgroup.
    """
    rep, subgroup = Representation(rep), Group(subgroup)
    if not subgroup <= rep.group:
        raise ValueError(f"{subgroup} is not a subgroup of {rep.group}: {rep} cannot be restricted to it")
    return decompose(rep.matrix, subgroup, max(rep.orders, default=0))


def induce(rep: Representation | str, group: Group | str) -> Decomposition:
    """Decompose the representation of a finite group G induced from a representation rho of a subgroup H.

    It acts by (k f)(g) = f(k^-1 g) on the functions f: G -> V with f(g h) = rho(h)^-1 f(g). They are given by their
    values at the first element of each coset g H in ``group.elements()``.

    Args:
        rep: The representation rho.
        group: The group G.

    Raises:
        ValueError: If G is not finite or does not contain H.
    """
    rep, group = Representation(rep), Group(group)
    if group.rotations is None or not rep.group <= group:
        raise ValueError(f"{rep} cannot be induced to {group}: expected a finite group that contains {rep.group}")
    section, number = _cosets(group, rep.group)

    def action(at: Elements) -> Tensor:
        shape = at.angle.shape
        at = Elements(at.angle.reshape(-1, 1), at.flip.reshape(-1, 1))
        moved = at @ section[None]  # k s_c = s_c' h
        target = number[_index(moved, group)]
        rest = section[target].inverse() @ moved
        one_hot = torch.eye(len(section.angle), dtype=torch.float64)[target]  # (G, c, c')
        blocks = one_hot.mT[:, :, None, :, None] * rep.matrix(rest).permute(0, 2, 1, 3)[:, None]
        return blocks.flatten(3, 4).flatten(1, 2).reshape(*shape, *[len(section.angle) * rep.dim] * 2)

    return decompose(action, group, group.rotations)


def quotient(group: Group | str, subgroup: Group | str) -> Decomposition:
    """Decompose the functions on the cosets of a subgroup, which a finite group permutes.

    Args:
        group: Finite group.
        subgroup: Subgroup of it.

    Raises:
        ValueError: If ``group`` is not finite or does not contain ``subgroup``.
    """
    return induce(Representation.invariants(1, subgroup), group)


def regular(group: Group | str) -> Decomposition:
    """Decompose the functions on a finite group, given by their values at ``group.elements()``.

    Args:
        group: Finite group.

    Raises:
        ValueError: If the group is not finite.
    """
    return quotient(group, "trivial")


def _index(at: Elements, group: Group) -> Tensor:
    """Return the indices of elements in ``group.elements()``."""
    assert group.rotations is not None
    turn = (at.angle * (group.rotations / (2 * torch.pi))).round().long() % group.rotations
    return turn + group.rotations * at.flip


def _cosets(group: Group, subgroup: Group) -> tuple[Elements, Tensor]:
    """Return the first element of each coset g H, and the index of the coset of each element of the group."""
    every, inside = group.elements(), subgroup.elements()
    number = torch.full((len(every.angle),), -1)
    first: list[int] = []
    for one in range(len(every.angle)):
        if number[one] < 0:
            coset = every[one] @ inside
            number[_index(coset, group)] = len(first)
            first.append(one)
    return every[torch.tensor(first)], number
