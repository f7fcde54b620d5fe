"""napari-ralis: a labelling plugin that asks for the regions worth labelling.

This module owns the version alone; importing it imports neither torch, napari nor Qt.
"""

__version__ = "0.1.0"
