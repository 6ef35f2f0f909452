"""``python -I -m qbc.pipeline.launch MODULE …``: MODULE as a program, without the user's settings of matplotlib; a crash is named."""

import faulthandler
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
    crash = os.fdopen(os.dup(2), "w")  # the kernel reads 2 itself, and what a crash says there would go with it
    faulthandler.enable(crash, all_threads=False)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
