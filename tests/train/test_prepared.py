"""Prepared shapes: numbering, the same variants in every run, and deformations that keep labels and sides."""

import pytest
import surfaces
import torch
from torch_geometric.transforms import Compose

from gaugenet.io.mesh_data import MeshData
from gaugenet.train.prepared import FEWEST, MOST, Prepared, RandomDeformation, RandomResolution
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.input_fields import InputFields


def shapes():
    meshes = [surfaces.data_of(surfaces.icosphere(1)), surfaces.data_of(surfaces.uneven_sphere(60))]
    for number, mesh in enumerate(meshes):
        mesh.face_label = torch.full((mesh.face.shape[1],), number)
    return meshes


def prepared(folder, **options):
    return Prepared(shapes(), FrameBundle(), folder, **{"variants": 3, "stretch": 0.1, "bend": 0.3, **options})


def test_items_are_variants_of_shapes(tmp_path):
    items = prepared(tmp_path)
    assert len(items) == 6
    for item, data in enumerate(items):
        assert int(data.face_label[0]) == item // 3
        assert "log_0" in data
        same = torch.equal(data.pos, shapes()[item // 3].pos)
        assert same == (item % 3 == 0)


def test_variants_are_the_same_in_every_run(tmp_path):
    first, again, other = prepared(tmp_path), prepared(tmp_path), prepared(tmp_path, seed=1)
    for item in range(6):
        assert torch.equal(first[item].pos, again[item].pos)
        assert torch.equal(first[item].pos, other[item].pos) == (item % 3 == 0)
    positions = [first[item].pos for item in range(3)]
    assert not torch.allclose(positions[1], positions[2], atol=1e-3)
    assert not torch.allclose(first[1].pos - first[0].pos, first[4].pos[:42] - first[3].pos[:42], atol=1e-3)


class Forbidden(FrameBundle):
    """The same settings, but whatever is not in the cache is an error."""

    def forward(self, data):
        raise AssertionError


def test_preparing_fills_the_cache(tmp_path):
    items = prepared(tmp_path)
    assert list(items.prepare()) == list(range(6))
    assert len(list(tmp_path.glob("*.safetensors"))) == 6
    items.cached.transform = Forbidden()
    assert all("log_0" in items[item] for item in range(6))


def test_shapes_stay_as_they_are(tmp_path):
    meshes = shapes()
    kept = [mesh.pos.clone() for mesh in meshes]
    list(Prepared(meshes, FrameBundle(), tmp_path, variants=3, stretch=0.2, bend=0.3).prepare())
    assert all(torch.equal(mesh.pos, pos) and "log_0" not in mesh for mesh, pos in zip(meshes, kept))


def deform(pos, seed=0, stretch=0.12, bend=0.35):
    generator = torch.Generator().manual_seed(seed)
    return RandomDeformation(stretch, bend, generator)(MeshData(pos=pos)).pos


def test_no_deformation_at_zero():
    pos = torch.randn(50, 3, dtype=torch.float64)
    assert torch.allclose(deform(pos, stretch=0, bend=0), pos, atol=1e-14)


def test_deformation_depends_on_the_generator_and_keeps_the_precision():
    pos = torch.randn(50, 3)
    assert deform(pos).dtype == torch.float32
    assert torch.equal(deform(pos, 1), deform(pos, 1))
    assert not torch.allclose(deform(pos, 1), deform(pos, 2), atol=1e-2)


def test_deformation_does_not_depend_on_the_unit():
    pos = torch.randn(50, 3, dtype=torch.float64)
    assert torch.allclose(1e3 * deform(pos), deform(1e3 * pos), rtol=1e-9)


@pytest.mark.parametrize(("stretch", "bend", "strain"), [(0.12, 0.0, 0.21), (0.0, 0.35, 0.25)])
def test_deformation_never_mirrors_and_has_the_size_asked_for(stretch, bend, strain):
    """Jacobians by differences: positive determinants, and a mean strain near what the settings say."""
    step, sizes = 1e-5, []
    corners = torch.cat([torch.zeros(1, 3), torch.eye(3)]).double() * step
    points = torch.rand(500, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for seed in range(30):
        moved = deform((points[:, None] + corners).reshape(-1, 3), seed, stretch, bend).reshape(-1, 4, 3)
        jacobian = (moved[:, 1:] - moved[:, :1]) / step
        assert (torch.linalg.det(jacobian) > 0.2).all()
        sizes.append(torch.linalg.matrix_norm(jacobian - torch.eye(3).double()).square().mean())
    assert float(torch.stack(sizes).mean().sqrt()) == pytest.approx(strain, rel=0.25)


def sphere_with_a_cap(count):
    mesh = surfaces.data_of(surfaces.uneven_sphere(count))
    mesh.face_label = (mesh.pos[mesh.face].mean(0)[:, 2] > 0).long()
    return mesh


def test_remeshed_copies_have_other_triangles_of_the_same_surface():
    """Between the fewest and about the most vertices, on the sphere, with the labels where they were."""
    mesh, sizes = sphere_with_a_cap(3000), []
    for seed in range(12):
        out = RandomResolution(torch.Generator().manual_seed(seed))(mesh)
        sizes.append(len(out.pos))
        assert (out.pos.norm(dim=1) - 1).abs().max() < 0.02
        height = out.pos[out.face].mean(0)[:, 2]
        clear = height.abs() > 0.1
        assert torch.equal(out.face_label[clear], (height > 0).long()[clear])
        again = RandomResolution(torch.Generator().manual_seed(seed))(mesh)
        assert torch.equal(again.pos, out.pos)
    assert 0.95 * FEWEST < min(sizes) < 2900 and 11000 < max(sizes) < MOST and 3000 in sizes


def test_every_other_variant_is_remeshed(tmp_path):
    items = Prepared([sphere_with_a_cap(400)], FrameBundle(), tmp_path, variants=7, remesh=True)
    sizes = [len(data.pos) for data in items]
    assert sizes[::2] == 4 * [400] and len(set(sizes[1::2]) | {400}) > 1
    assert {len(data.face_label) == data.face.shape[1] for data in items} == {True}


@pytest.mark.parametrize("key", ["field", "normal", "wind"])
def test_what_is_written_for_the_undeformed_mesh_is_refused_in_copies(key, tmp_path):
    mesh = shapes()[0]
    mesh[key] = torch.randn(len(mesh.pos), 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    items = Prepared([mesh], FrameBundle(group="C1", field="wind" if key == "wind" else None), tmp_path, variants=2)
    assert "log_0" in items[0]
    with pytest.raises(ValueError, match=f"data.{key} is written in the frames .* do not share: use variants=1"):
        items[1]


def test_features_do_not_go_with_other_triangles(tmp_path):
    """Those of the data; what a transform makes is made anew."""
    mesh = sphere_with_a_cap(400)
    mesh.x = torch.ones(400, 2)
    own = Prepared([mesh], FrameBundle(), tmp_path, variants=3, stretch=0.1)
    assert torch.equal(own[1].x, mesh.x)
    own = Prepared([mesh], FrameBundle(), tmp_path, variants=2, remesh=True)
    with pytest.raises(
        ValueError, match=r"data.x is written in the frames .* do not share: use variants=1 or remesh=F"
    ):
        own[1]
    made = Compose([FrameBundle(), InputFields(hks=2, eigenfunctions=9, **surfaces.NEAR)])
    data = Prepared([mesh], made, tmp_path, variants=3, remesh=True)[1]
    assert len(data.x) == len(data.pos)
