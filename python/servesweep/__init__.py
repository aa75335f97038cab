"""servesweep's result files in Python: worlds() makes a pandas frame of the worlds, grid() an xarray
dataset of them over the axes of a full factorial, table() a frame of the rows of one world in a ragged
table, histogram() of a latency distribution. The modules figures and
tuning_figures draw them for papers and need matplotlib; the command scripts/plot writes these
figures to files.
"""
from .results import grid, histogram, table, worlds

__all__ = ["grid", "histogram", "table", "worlds"]
