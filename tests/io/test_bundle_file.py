"""Bundles as files."""

from pathlib import Path

import pytest
import torch

from gaugenet import FrameBundle, MeshData, load_bundle, read_mesh, save_bundle

MESHES = Path(__file__).parents[2] / "meshes"


def test_a_bundle_comes_back_whole(tmp_path):
    data = FrameBundle(levels=(32,))(read_mesh(MESHES / "known" / "torus.glb"))
    data.face_label, data.label_names, data.x_rep = torch.zeros(1024, dtype=torch.int64), ["a", "b"], "1x0"
    save_bundle(tmp_path / "torus.safetensors", data)
    back = load_bundle(tmp_path / "torus.safetensors")
    assert isinstance(back, MeshData) and sorted(back.keys()) == sorted(data.keys())
    assert back.label_names == ["a", "b"] and back.x_rep == "1x0"
    for key, value in data.to_dict().items():
        assert not isinstance(value, torch.Tensor) or (torch.equal(back[key], value) and back[key].dtype == value.dtype)
    assert [path.name for path in tmp_path.iterdir()] == ["torus.safetensors"]


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_bundle(tmp_path / "no.safetensors")
    (tmp_path / "damaged.safetensors").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="not a bundle, or damaged"):
        load_bundle(tmp_path / "damaged.safetensors")
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="not a file of 'gaugenet bundle 1'"):
        load_bundle(tmp_path / "other.safetensors")
    with pytest.raises(FileNotFoundError, match="create it first"):
        save_bundle(tmp_path / "no" / "a.safetensors", MeshData(pos=torch.zeros(1, 3)))
    with pytest.raises(TypeError, match="holds tensors, strings, numbers"):
        save_bundle(tmp_path / "a.safetensors", MeshData(pos=torch.zeros(1, 3), thing={1}))
