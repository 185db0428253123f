"""The cache: run once, a file for each mesh and setting, damage made good, whole files or none."""

import os
import signal
import subprocess
import sys

import pytest
import safetensors.torch
import surfaces
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform, Compose

from gaugenet.io.mesh_data import MeshData
from gaugenet.transforms.cache import Cached
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.input_fields import InputFields


class Doubled(BaseTransform):
    """Adds twice the positions and a word, and counts how often it runs."""

    def __init__(self, setting=1):
        self.setting, self.runs = setting, 0

    def forward(self, data):
        self.runs += 1
        data.double = 2 * data.pos
        data.word = "twice"
        return data

    def __repr__(self):
        return f"Doubled({self.setting})"


def ball(subdivisions=1):
    return surfaces.data_of(surfaces.icosphere(subdivisions))


def test_a_mesh_is_transformed_once(tmp_path):
    transform = Doubled()
    cached = Cached(transform, tmp_path / "deep" / "cache")
    first, second = cached(ball()), cached(ball())
    assert transform.runs == 1
    for data in (first, second):
        assert torch.equal(data.double, 2 * data.pos) and data.word == "twice"
    assert isinstance(first, MeshData) and isinstance(second, MeshData)
    assert len(list((tmp_path / "deep" / "cache").iterdir())) == 1
    again = Doubled()
    Cached(again, tmp_path / "deep" / "cache")(ball())
    assert again.runs == 0  # another object, another process: the same file


def test_other_settings_and_other_meshes_are_other_files(tmp_path):
    meshes = [ball(1), ball(2), ball(1), ball(1)]
    meshes[2].pos[0] += 1e-12
    meshes[3].face = meshes[3].face[:, 1:]
    paths = {Cached(Doubled(), tmp_path).path(mesh) for mesh in meshes}
    paths.add(Cached(Doubled(2), tmp_path).path(meshes[0]))
    single = ball(1)
    single.pos = single.pos.float()
    paths.add(Cached(Doubled(), tmp_path).path(single))
    assert len(paths) == 6
    assert Cached(Doubled(), tmp_path).path(ball(1)) in paths
    labelled = ball(1)
    labelled.face_label = torch.zeros(80)
    assert Cached(Doubled(), tmp_path).path(labelled) in paths  # labels do not matter


@pytest.mark.parametrize("key", ["wind", "normal", "field"])
def test_vectors_that_frames_follow_are_part_of_the_name(key, tmp_path):
    """Two meshes that differ in them alone have two bundles, each its own."""
    transform = FrameBundle(group="C1", field=key)
    meshes = [ball(), ball()]
    for number, mesh in enumerate(meshes):
        mesh[key] = torch.randn(42, 3, generator=torch.Generator().manual_seed(number), dtype=torch.float64)
    made = [Cached(transform, tmp_path)(mesh.clone()) for mesh in (*meshes, *meshes)]
    assert len(list(tmp_path.iterdir())) == 2
    for data, mesh in zip(made, (*meshes, *meshes)):
        assert torch.equal(data.log_0, transform(mesh.clone()).log_0)


def test_point_clouds_are_kept_with_their_normals(tmp_path):
    clouds = [MeshData(pos=ball().pos, normal=sign * ball().pos) for sign in (1, -1)]
    made = [Cached(FrameBundle(), tmp_path)(cloud.clone()) for cloud in (*clouds, *clouds)]
    assert len(list(tmp_path.iterdir())) == 2
    assert torch.allclose(made[0].frame[:, 2], -made[3].frame[:, 2]) and torch.equal(made[1].frame, made[3].frame)


def test_names_of_plain_meshes_stay_what_they_were(tmp_path):
    """Labels do not matter; caches of earlier versions go on serving."""
    mesh = MeshData(pos=torch.eye(3, dtype=torch.float64), face=torch.tensor([[0], [1], [2]]))
    expected = Cached(Doubled(), tmp_path).path(mesh)
    assert expected.name == "58dc94f820c05f3eff0ec841330e3a40c9750124.safetensors"
    mesh.face_label, mesh.vertex_label, mesh.y = torch.zeros(1), torch.zeros(3), torch.tensor([4])
    assert Cached(Doubled(), tmp_path).path(mesh) == expected


def test_only_what_the_transform_added_is_kept(tmp_path):
    """Labels and names come from the data at hand, not from whoever filled the cache."""
    cached = Cached(Doubled(), tmp_path)
    one, two = ball(), ball()
    one.face_label, two.face_label = torch.zeros(80, dtype=torch.int64), torch.ones(80, dtype=torch.int64)
    cached(one)
    assert cached(two).face_label.sum() == 80
    (file,) = tmp_path.iterdir()
    assert set(safetensors.torch.load_file(file)) == {"double"}


def test_the_data_that_came_in_stays(tmp_path):
    cached = Cached(Doubled(), tmp_path)
    for _ in range(2):
        data = ball()
        cached(data)
        assert set(data.keys()) == {"pos", "face"}


def test_bundles_and_fields_survive(tmp_path):
    fields = InputFields(hks=2, eigenfunctions=9, wks=0)
    transform = Compose([FrameBundle(levels=(20,), level_neighbours=6), fields])
    cached = Cached(transform, tmp_path)
    expected, loaded = cached(ball(2)), cached(ball(2))
    assert set(expected.keys()) == set(loaded.keys())
    for key, value in expected.to_dict().items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, loaded[key]) and value.dtype == loaded[key].dtype
    assert loaded.x_rep == expected.x_rep
    assert "levels=(20,)" in repr(cached) and "hks=2" in repr(cached)


def test_plain_data_loads_as_it_was_made(tmp_path):
    """A bundle needs MeshData for its batches, from the cache as well as freshly made."""
    cached = Cached(FrameBundle(levels=(12,), level_neighbours=4), tmp_path)
    mesh = surfaces.icosphere(1)
    for _ in range(2):
        out = cached(Data(pos=torch.from_numpy(mesh.pos), face=torch.from_numpy(mesh.face.T)))
        assert isinstance(out, MeshData)


@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "header"])
def test_a_damaged_file_is_made_anew(damage, tmp_path):
    transform = Doubled()
    cached = Cached(transform, tmp_path)
    cached(ball())
    (file,) = tmp_path.iterdir()
    blob = file.read_bytes()
    broken = {"cut": blob[:-100], "empty": b"", "garbage": b"\x00" * 200, "header": b"\xff" * 8 + blob[8:]}
    file.write_bytes(broken[damage])
    data = cached(ball())
    assert torch.equal(data.double, 2 * data.pos)
    assert transform.runs == 2
    assert file.read_bytes() == blob


def test_a_transform_that_fails_leaves_nothing(tmp_path):
    class Failing(Doubled):
        def forward(self, data):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Cached(Failing(), tmp_path)(ball())
    assert list(tmp_path.iterdir()) == []


PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
import surfaces
from gaugenet.transforms import cache
from gaugenet.transforms.frame_bundle import FrameBundle
{hook}
cached = cache.Cached(FrameBundle(neighbours=8), sys.argv[1])
print("ready", flush=True)
for subdivisions in (1, 2, 3):
    cached(surfaces.data_of(surfaces.icosphere(subdivisions)))
"""
# Says when the file is half written, then waits to be killed.
HANG = """
import time
real = cache.open_atomic
class Slow:
    def __init__(self, file): self.file = file
    def write(self, blob):
        self.file.write(blob[: len(blob) // 2]); self.file.flush()
        print("half", flush=True); time.sleep(60)
from contextlib import contextmanager
@contextmanager
def slow(path):
    with real(path) as file: yield Slow(file)
cache.open_atomic = slow
"""


def start(folder, hook=""):
    program = PROGRAM.format(tests=os.path.dirname(surfaces.__file__), hook=hook)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_two_processes_fill_a_folder_at_once(tmp_path):
    process = start(tmp_path)
    assert process.stdout.readline() == "ready\n"
    transform = FrameBundle(neighbours=8)
    cached = Cached(transform, tmp_path)
    for subdivisions in (1, 2, 3):
        assert torch.equal(cached(ball(subdivisions)).log_0, transform(ball(subdivisions)).log_0)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert [path.suffix for path in tmp_path.iterdir()] == [".safetensors"] * 3


def test_a_process_killed_in_the_middle_leaves_no_file_that_counts(tmp_path):
    process = start(tmp_path, HANG)
    assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "half\n"]
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert [path for path in tmp_path.iterdir() if path.suffix == ".safetensors"] == []
    transform = FrameBundle(neighbours=8)
    data = Cached(transform, tmp_path)(ball())
    assert torch.equal(data.log_0, transform(ball()).log_0)
    assert len([path for path in tmp_path.iterdir() if path.suffix == ".safetensors"]) == 1
