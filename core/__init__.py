"""A report is a function of a log and a scenario."""

import os

# The matrices here are small: a second thread of OpenBLAS wins nothing on them and keeps a core busy waiting, which is then missing for
# other visitors and other tests (fitting the forecast took 3.6 times the processor time). It is read once, when NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
