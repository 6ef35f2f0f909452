"""Robot demonstrations as others recorded them: formats recognised, rows streamed, nothing unpickled and nothing written.

===============  ================================================================================
``recognise``    which format a path holds
``recording``    what a data set says of itself, and its rows as a stream of pieces of episodes
``statistics``   the statistics that came with the data
``unreadable``   what is wrong with a file, in one line
``lerobot``      LeRobot v2.0, v2.1, v3.0, with ``features``, ``frames``, ``parquet``, ``pages``, ``thrift``
``hdf5``         robomimic and ALOHA
``zarr``         Diffusion Policy's stores, version 2
``tfrecord``     RLDS
``openpi``       ``norm_stats.json``: statistics alone
``tables``       npy, npz, csv
===============  ================================================================================

HDF5, zarr with Blosc and compressed parquet need the extra ``data``; it is imported when a file asks for it.
"""

from qbc.datasets.recognise import recognise
from qbc.datasets.recording import Piece, Recording
from qbc.datasets.statistics import Stored
from qbc.datasets.unreadable import Unreadable

__all__ = ["Piece", "Recording", "Stored", "Unreadable", "recognise"]
