"""The version of this package, as it appears in every score."""

from importlib.metadata import version

__version__ = version("tensorgrade")
