from .frame_bundle import Bundle as Bundle
from .frame_bundle import build_bundle as build_bundle
from .geodesic import geodesic_discs as geodesic_discs
from .point_cloud import build_point_bundle as build_point_bundle
from .sampling import farthest_point_samples as farthest_point_samples
