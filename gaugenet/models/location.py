"""Networks on disk: their names, files and records. PyTorch is not imported."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).parent / "weights"


def shipped() -> list[str]:
    """Return the names of the networks that ship with the library."""
    return sorted(path.name[:-5] for path in WEIGHTS.iterdir() if path.name.endswith(".json"))


def files(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Return the paths of weights and configuration of a network.

    Args:
        path: Path of either file, with or without suffix.
    """
    path = Path(path)
    base = path.with_suffix("") if path.suffix in (".json", ".safetensors") else path
    return base.with_name(base.name + ".safetensors"), base.with_name(base.name + ".json")


def located(name: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Return the existing files of weights and configuration of a network.

    Args:
        name: Name of a network that ships with the library, or path as for ``files``.

    Raises:
        FileNotFoundError: If there is no such network.
        ValueError: If the path is that of another file.
    """
    weights, config = files(name)
    if weights.is_file() and config.is_file():
        return weights, config
    if os.fspath(name) in shipped():
        return files(WEIGHTS / os.fspath(name))
    if Path(name).is_dir():
        raise FileNotFoundError(
            f"{os.fspath(name)}: is a folder; a training run keeps its network at {Path(name) / 'net'}"
        )
    if Path(name).is_file() and Path(name) not in (weights, config):
        raise ValueError(
            f"{os.fspath(name)}: not a network; expected a path such as runs/mine/net, or one that ships, such as "
            f"{shipped()[0]}"
        )
    missing = config if weights.is_file() else weights
    raise FileNotFoundError(
        f'no network "{os.fspath(name)}": {missing} does not exist; the networks that ship are {", ".join(shipped())}'
    )


def recorded(name: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the record that was saved with a network (``about``).

    Args:
        name: Name of a network that ships with the library, or path as for ``files``.

    Raises:
        FileNotFoundError: If there is no such network.
        ValueError: If its configuration is damaged.
    """
    return dict(json.loads(located(name)[1].read_text()).get("about", {}))
