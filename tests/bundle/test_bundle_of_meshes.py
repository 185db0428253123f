"""Every example mesh, whole or broken, has a finite bundle or is refused in one line."""

import warnings

import numpy as np
import pytest
import surfaces

from gaugenet.bundle.bundle import quadrature_weights
from gaugenet.io.mesh_file import read_mesh
from gaugenet.mesh.clean import clean_mesh
from gaugenet.mesh.mesh import MeshWarning

FILES = sorted(
    str(path.relative_to(surfaces.MESHES))
    for kind in ("known", "broken")
    for path in (surfaces.MESHES / kind).iterdir()
)
REFUSED = {
    "known/moebius.ply",
    "known/klein.off",
    "broken/nan_vertex.ply",
    "broken/no_faces.off",
    "broken/index_out_of_range.off",
    "broken/empty_file.off",
    "broken/truncated.off",
    "broken/truncated.ply",
}


def numbers(bundle):
    for stage in (bundle, *bundle.levels):
        yield from (stage.edges.log, stage.edges.transport, stage.area, np.array(stage.radius))
        yield quadrature_weights(stage.edges, stage.area)
    for level in bundle.levels:
        yield from (level.pooling.weight, level.pooling.transport)
    yield bundle.frame


@pytest.mark.parametrize("options", [{}, {"neighbours": 8}, {"radius": 0.8}], ids=str)
@pytest.mark.parametrize("name", FILES)
def test_bundle_is_finite_or_the_mesh_is_refused(name, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeshWarning)
        try:
            data = read_mesh(surfaces.MESHES / name)
            mesh = clean_mesh(data.pos.numpy(), data.face.numpy().T)
        except ValueError as error:
            assert name in REFUSED
            assert "\n" not in str(error)
            return
    assert name not in REFUSED
    bundle = surfaces.bundle(mesh, levels=(12, 5), level_neighbours=6, **options)
    assert all(np.isfinite(values).all() for values in numbers(bundle))
    degree = np.bincount(bundle.edges.index[1], minlength=len(mesh.pos))
    used = np.bincount(mesh.face.ravel(), minlength=len(mesh.pos)) > 0
    assert (degree[~used] == 0).all()
    if not options:
        assert (degree[used] > 0).all()
