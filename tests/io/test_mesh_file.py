"""Every format gives back the mesh that was written, in the order of the file; every unreadable file is refused."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import trimesh

from gaugenet.io.file import open_atomic
from gaugenet.io.mesh_file import read_mesh, write_mesh
from gaugenet.mesh.clean import clean_mesh
from gaugenet.mesh.topology import find_topology

SPHERE = trimesh.creation.icosphere(1)
TORUS = trimesh.creation.torus(1.0, 0.3, 12, 8)
SQUARE = b"OFF\n4 2 0\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n3 0 1 2\n3 0 2 3\n"


def read(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return read_mesh(path)


def arrays(data):
    return data.pos.numpy(), data.face.numpy().T


@pytest.mark.parametrize("suffix", ["off", "obj", "ply", "stl", "glb", "gltf", "stl_ascii"])
@pytest.mark.parametrize("mesh", [SPHERE, TORUS], ids=["sphere", "torus"])
def test_every_format_gives_the_mesh_back(tmp_path, mesh, suffix):
    path = tmp_path / f"mesh.{suffix}"
    if suffix == "gltf":
        for name, blob in trimesh.Scene(mesh).export(file_type="gltf").items():
            (tmp_path / ("mesh.gltf" if name == "model.gltf" else name)).write_bytes(blob)
    else:
        mesh.export(path, file_type=suffix)
    pos, face = arrays(read_mesh(path))
    assert pos.dtype == np.float64 and face.dtype == np.int64
    assert len(pos) == len(mesh.vertices) and len(face) == len(mesh.faces)
    assert np.allclose(pos[face], mesh.vertices[mesh.faces], atol=1e-6)
    assert find_topology(pos, face).genus == (0 if mesh is SPHERE else 1)


@pytest.mark.parametrize("suffix", ["off", "obj", "ply"])
def test_vertices_are_merged_only_where_the_format_repeats_them(tmp_path, suffix):
    twice = trimesh.Trimesh(np.tile(SPHERE.vertices, (2, 1)), SPHERE.faces + len(SPHERE.vertices), process=False)
    twice.export(tmp_path / f"mesh.{suffix}")
    pos, face = arrays(read_mesh(tmp_path / f"mesh.{suffix}"))
    assert len(pos) == 2 * len(SPHERE.vertices) and np.array_equal(face, twice.faces)


def test_obj_seams_are_closed_and_faces_stay_in_order(tmp_path):
    obj = b"""
# two materials and a seam: vertices 2 and 4, 3 and 5 are one
mtllib none.mtl
v 0 0 0
v 1 0 0 1 0 0
v 0 1 0
v 1 0 0
v 0 1 -0.0
v 1 1 0
vt 0 0
vn 0 0 1
usemtl red
f 1/1/1 2/1/1 3/1/1
usemtl blue
f -3//1 6//1 \\
  5//1
usemtl red
f 1/1 4/1 6/1 5/1
"""
    pos, face = arrays(read(tmp_path, "a.obj", obj))
    assert np.array_equal(pos, [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])
    assert np.array_equal(face, [[0, 1, 2], [1, 3, 2], [0, 1, 3], [0, 3, 2]])


def test_scenes_become_one_mesh_with_their_transforms(tmp_path):
    scene = trimesh.Scene()
    for shift, mirror in ((0.0, 1.0), (5.0, -1.0)):
        scene.add_geometry(SPHERE, transform=np.diag([mirror, 1, 1, 1]) + shift * np.eye(4, k=3), geom_name="ball")
    scene.export(tmp_path / "scene.glb")
    data = read_mesh(tmp_path / "scene.glb")
    assert data.pos.size(0) == 2 * len(SPHERE.vertices) and data.face.size(1) == 2 * len(SPHERE.faces)
    assert torch.isclose(data.pos[:, 0].max(), torch.tensor(6.0, dtype=torch.float64))
    both = trimesh.Trimesh(*arrays(data), process=False)
    # Were the mirrored one inside out, the volumes would cancel.
    assert both.volume == pytest.approx(2 * SPHERE.volume, rel=1e-6)


@pytest.mark.parametrize(
    "content",
    [
        SQUARE,
        SQUARE.replace(b"\n", b"\r\n"),
        b"OFF 4 2 5\n" + SQUARE[10:],
        b"OFF4 2 5\n" + SQUARE[10:],
        b"# made by hand\nCOFF\n\n4 2 0 # counts\n" + SQUARE[10:].replace(b" 0\n", b" 0 255 0 0 255\n"),
        b"OFF\n4 1 0\n" + SQUARE[10:-16] + b"4 0 1 2 3 0.5 0.5 0.5\n",
    ],
    ids=["plain", "crlf", "counts behind", "counts close behind", "colours", "quad"],
)
def test_off_dialects(tmp_path, content):
    pos, face = arrays(read(tmp_path, "a.off", content))
    assert np.array_equal(pos, [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    assert np.array_equal(face, [[0, 1, 2], [0, 2, 3]])


HEADER = """ply
format {} 1.0
comment mixed polygons, and elements and columns that do not matter
element vertex 5
property double x
property float y
property float z
property uchar red
element face 2
property list uchar int vertex_indices
property short label
element edge 1
property int vertex1
end_header
"""


def mixed_ply(order):
    pos = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0.5, 2, 0)]
    if order == "ascii":
        rows = "".join(f"{x} {y} {z} 255\n" for x, y, z in pos) + "4 0 1 2 3 7\n3 3 2 4 -1\n0\n"
        return HEADER.format("ascii").encode() + rows.encode()
    e = {"little": "<", "big": ">"}[order]
    vertex = np.array([(*p, 255) for p in pos], dtype=[("x", e + "f8"), ("y", e + "f4"), ("z", e + "f4"), ("r", "u1")])
    faces = b""
    for corner, label in (((0, 1, 2, 3), 7), ((3, 2, 4), -1)):
        faces += bytes([len(corner)]) + np.array(corner, e + "i4").tobytes() + np.array([label], e + "i2").tobytes()
    return HEADER.format(f"binary_{order}_endian").encode() + vertex.tobytes() + faces + bytes(4)


@pytest.mark.parametrize("order", ["ascii", "little", "big"])
def test_ply_polygons_and_labels_in_every_byte_order(tmp_path, order):
    data = read(tmp_path, "a.ply", mixed_ply(order))
    assert np.array_equal(data.face.T, [[0, 1, 2], [0, 2, 3], [3, 2, 4]])
    assert torch.equal(data.pos[4], torch.tensor([0.5, 2, 0], dtype=torch.float64))
    assert data.face_label.tolist() == [0, 0, -1] and data.label_names == ["7"]
    assert "vertex_label" not in data


def test_ply_with_carriage_returns(tmp_path):
    data = read(tmp_path, "a.ply", mixed_ply("ascii").replace(b"\n", b"\r\n"))
    assert data.face.size(1) == 3
    data = read(tmp_path, "a.ply", mixed_ply("little").replace(b"\n", b"\r\n"))
    assert data.face.size(1) == 3


def test_writing_and_reading_give_the_same_arrays(tmp_path):
    pos, face = np.array(SPHERE.vertices), np.array(SPHERE.faces)
    rgb, label = np.random.default_rng(0).random((len(face), 3)), np.arange(len(face)) % 3
    write_mesh(tmp_path / "a.ply", pos, face, rgb, label)
    data = read_mesh(tmp_path / "a.ply")
    assert np.array_equal(data.pos, pos) and np.array_equal(data.face.T, face)
    assert np.array_equal(data.face_label, label) and data.label_names == ["0", "1", "2"]
    seen = trimesh.load_mesh(tmp_path / "a.ply", process=False)
    assert np.array_equal(seen.visual.face_colors[:, :3], np.round(rgb * 255))
    write_mesh(tmp_path / "a.ply", pos, face, np.full((len(face), 3), 255))
    assert "face_label" not in read_mesh(tmp_path / "a.ply")
    assert [path.name for path in tmp_path.iterdir()] == ["a.ply"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), open_atomic(path) as file:
        file.write(b"half of the n")
        raise RuntimeError
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "name, arguments, match",
    [
        ("a.off", {}, "end the name in .ply"),
        ("a.ply", {"pos": np.zeros((4, 2))}, r"pos must have shape \(V, 3\)"),
        ("a.ply", {"face": np.zeros((3, 9), int)}, "transpose"),
        ("a.ply", {"face_rgb": np.zeros((4, 3))}, r"face_rgb must have shape \(2, 3\), got \(4, 3\)"),
        ("a.ply", {"face_rgb": np.full((2, 3), 300)}, r"0\.\.255"),
        ("a.ply", {"face_label": np.zeros(2)}, "integers"),
    ],
)
def test_writing_refuses_what_does_not_fit(tmp_path, name, arguments, match):
    with pytest.raises(ValueError, match=match):
        write_mesh(tmp_path / name, **{"pos": np.zeros((4, 3)), "face": np.zeros((2, 3), int), **arguments})
    with pytest.raises(FileNotFoundError, match="create it first"):
        write_mesh(tmp_path / "no" / "a.ply", np.zeros((4, 3)), np.zeros((2, 3), int))


STL = trimesh.exchange.stl.export_stl(SPHERE)
GLB = SPHERE.export(file_type="glb")
BROKEN = {
    "empty.off": (b" \n", "is empty"),
    "words.off": (b"hello\nworld\n", "not an ASCII OFF file"),
    "binary.off": (b"OFF BINARY\n" + bytes(99), "not an ASCII OFF file"),
    "counts.off": (b"OFF\nfour 2 0\n", "numbers of vertices and faces"),
    "no_counts.off": (b"OFF\n", "numbers of vertices and faces"),
    "truncated.off": (SQUARE[:-9], "is truncated, with 1 lines missing; copy or export it again"),
    "cut_line.off": (SQUARE[:-3], "line 8: expected a face"),
    "cut_vertex.off": (SQUARE.replace(b"1 1 0", b"1 1"), "line 5: expected the coordinates"),
    "edge.off": (SQUARE.replace(b"3 0 2 3", b"2 0 2"), "line 8: expected a face as"),
    "points.off": (b"OFF\n1 0 0\n0 0 0\n", "no faces, only 1 points"),
    "points.obj": (b"v 0 0 0\nv 1 0 0\n", "no faces, only 2 points"),
    "words.obj": (b"hello\n", "not an OBJ file"),
    "vertex.obj": (b"v 0 0 x\n", "line 1: expected 'v x y z'"),
    "face.obj": (b"v 0 0 0\nf 1 1\n", "line 2: expected"),
    "points.ply": (b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n"
                   b"end_header\n0 0 0\n", "no faces, only 1 points"),
    "words.ply": (b"hello\n", "not a PLY file"),
    "header.ply": (b"ply\nformat ascii 1.0\n", "no end_header; copy or export it again"),
    "property.ply": (b"ply\nformat ascii 1.0\nproperty float x\nend_header\n", "'property float x'"),
    "format.ply": (b"ply\nelement vertex 1\nend_header\n", "no format line"),
    "no_xyz.ply": (b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n0\n", "x, y and z"),
    "truncated.ply": (mixed_ply("little")[:-8], "ends inside its 2 face rows"),
    "truncated_big.ply": (mixed_ply("big")[:330], "ends inside its 5 vertex rows; copy or export it again"),
    "truncated_ascii.ply": (mixed_ply("ascii")[:-9], "ends inside its 2 face rows"),
    "word.ply": (mixed_ply("ascii").replace(b"2 4 -1", b"2 4 no"), "not a number in its face rows"),
    "half_label.ply": (mixed_ply("ascii").replace(b"short", b"float").replace(b" 7\n", b" 7.5\n"), "not whole numbers"),
    "float_index.ply": (mixed_ply("ascii").replace(b"uchar int", b"uchar float"), "indices are not integers"),
    "two_corners.ply": (mixed_ply("ascii").replace(b"3 3 2 4", b"2 3 2"), "face 1 has 2 corners"),
    "endless.ply": (b"ply\nformat ascii 1.0\nelement vertex 999999999999\nend_header\n", "x, y and z"),
    "huge_index.off": (SQUARE.replace(b"3 0 2 3", b"3 0 2 " + b"9" * 30), "more than 64 bits"),
    "off.ply": (SQUARE, "looks like OFF: rename it"),
    "glb.obj": (GLB, "looks like GLB: rename it"),
    "ply.stl": (mixed_ply("little"), "looks like PLY: rename it"),
    "truncated.stl": (STL[:-70], "truncated or no STL file"),
    "truncated_text.stl": (trimesh.exchange.stl.export_stl_ascii(SPHERE)[:-99].encode(), "truncated or no STL file"),
    "truncated.glb": (GLB[:-200], r"cannot be read as GLB \((?!.*Error:).*\), is it truncated\? copy or"),
    "points.glb": (trimesh.Scene(trimesh.PointCloud(SPHERE.vertices)).export(file_type="glb"), "no faces"),
    "points.xyz": (b"0 0 0\n1 0\n", "format .xyz holds points without faces; mesh them first, and save one of glb, gl"),
    "mesh.xyzw": (b"1", "format .xyzw is unknown; expected one of .*off"),
    "mesh": (SQUARE, "no suffix .*looks like OFF"),
    "mesh.dae": (b"<COLLADA/>", "trimesh needs another package for .dae|format .dae|cannot be read as DAE"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_unreadable_files_are_refused_in_one_line(tmp_path, name):
    content, match = BROKEN[name]
    with pytest.raises(ValueError, match=match) as error:
        read(tmp_path, name, content)
    assert str(error.value).startswith(str(tmp_path / name)) and "\n" not in str(error.value)


def test_reading_arrays_loads_neither_torch_nor_trimesh(tmp_path):
    (tmp_path / "a.off").write_bytes(SQUARE)
    heavy = ("torch", "torch_geometric", "trimesh")
    code = (
        "import sys; import gaugenet.io.label_file; from gaugenet.io.polygon_file import read_polygons; "
        f"read_polygons({str(tmp_path / 'a.off')!r}); print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_mesh(tmp_path / "missing.off")
    with pytest.raises(ValueError, match="is a folder"):
        read_mesh(tmp_path)


@pytest.mark.parametrize(
    "name, content",
    [
        ("a.off", SQUARE.replace(b"3 0 2 3", b"3 0 2 9")),
        ("a.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 0 0\nvt 0 0\nf 1/1 2/1 3/1\nf 4/1 3/1 9/1\n"),
        ("b.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nf 2 3 0\n"),
        ("a.ply", mixed_ply("ascii").replace(b"3 3 2 4", b"3 3 2 9")),
    ],
)  # fmt: skip
def test_indices_out_of_range_are_left_to_clean_mesh(tmp_path, name, content):
    with pytest.raises(ValueError, match="1 face with a vertex index outside"):
        clean_mesh(*arrays(read(tmp_path, name, content)))


def test_nan_survives_reading_and_merging(tmp_path):
    content = b"v nan 0 0\nv 1 0 0\nv 0 1 0\nv nan 0 0\nvt 0 0\nf 1/1 2/1 3/1\nf 4/1 3/1 2/1\n"
    data = read(tmp_path, "a.obj", content)
    assert data.pos.size(0) == 3 and data.pos.isnan().sum() == 1


def test_signalling_nan_is_read_without_a_murmur(tmp_path):
    write_mesh(tmp_path / "a.ply", np.array(SPHERE.vertices), np.array(SPHERE.faces))
    blob = bytearray((tmp_path / "a.ply").read_bytes().replace(b"double", b"float", 3))
    start = blob.index(b"end_header\n") + len(b"end_header\n")
    single = np.array(SPHERE.vertices, dtype="<f4").tobytes()
    blob[start : start + 2 * len(single)] = single
    blob[start : start + 4] = b"\x00\x00\xa0\x7f"
    assert read(tmp_path, "b.ply", bytes(blob)).pos.isnan().sum() == 1
