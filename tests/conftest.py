"""Settings of a test run: threads, and examples that are the same in every run."""

import os

# Each pytest-xdist worker has one core; set before anything starts its threads, and for the programs that tests start.
if "PYTEST_XDIST_WORKER" in os.environ:
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = "1"
os.environ["MPLBACKEND"] = "agg"  # no screen

import hypothesis
import torch

if "PYTEST_XDIST_WORKER" in os.environ:
    torch.set_num_threads(1)

# A first call may compile, so no deadline; derandomised, so that a failure seen once is seen again.
hypothesis.settings.register_profile("gaugenet", deadline=None, derandomize=True)
hypothesis.settings.load_profile("gaugenet")
