"""Gauge-equivariant layers, each `Layer(rep_in, rep_out)` or `Layer(rep)`."""

from gaugenet.nn.ambient import Lift, Project
from gaugenet.nn.attention import GaugeAttention
from gaugenet.nn.connection_laplacian import ConnectionLaplacian
from gaugenet.nn.convolution.stencil import Stencil
from gaugenet.nn.derivative import CovariantDerivative, Curl, Divergence, Gradient, Laplacian, Lower, Raise
from gaugenet.nn.diffusion import Diffusion, ImplicitDiffusion
from gaugenet.nn.entry import Geometry as Geometry  # deprecated
from gaugenet.nn.gauge_conv import DifferentialConv, GaugeConv
from gaugenet.nn.global_pool import GlobalPool
from gaugenet.nn.group_pool import GroupPool
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.level import Level
from gaugenet.nn.level_map import LevelMap
from gaugenet.nn.message_conv import MessageConv
from gaugenet.nn.nonlinearity import GatedNonlinearity, NormNonlinearity, RegularNonlinearity
from gaugenet.nn.polynomial_block import PolynomialBlock, PolynomialConv
from gaugenet.nn.pool import Pool, Unpool
from gaugenet.nn.residual_block import ResidualBlock
from gaugenet.nn.spectrum import Spectrum
from gaugenet.nn.tensor_product import InnerProduct, TensorProduct

__all__ = [
    "ConnectionLaplacian",
    "CovariantDerivative",
    "Curl",
    "DifferentialConv",
    "Diffusion",
    "Divergence",
    "GatedNonlinearity",
    "GaugeAttention",
    "GaugeConv",
    "GlobalPool",
    "Gradient",
    "GroupPool",
    "ImplicitDiffusion",
    "InnerProduct",
    "Intertwiner",
    "Laplacian",
    "LayerNorm",
    "Level",
    "LevelMap",
    "Lift",
    "Lower",
    "MessageConv",
    "NormNonlinearity",
    "PolynomialBlock",
    "PolynomialConv",
    "Pool",
    "Project",
    "Raise",
    "RegularNonlinearity",
    "ResidualBlock",
    "Spectrum",
    "Stencil",
    "TensorProduct",
    "Unpool",
]
