from .bundle import Bundle as Bundle
from .bundle import BundleSettings as BundleSettings
from .bundle import build_bundle as build_bundle
