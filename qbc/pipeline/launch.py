"""``python -I -m qbc.pipeline.launch MODULE …``: MODULE as a program, once matplotlib has read its settings where no user keeps any."""

import os
import runpy
import sys

if __name__ == "__main__":
    here = os.getcwd()
    os.chdir(
        os.environ["IPYTHONDIR"]
    )  # this kernel's own folder: matplotlib prefers a matplotlibrc in the working directory to all others
    import matplotlib  # noqa: F401

    os.chdir(here)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
