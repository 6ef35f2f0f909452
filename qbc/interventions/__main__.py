"""``python -m qbc.interventions NAME -f CONNECTION``: a Jupyter kernel in which the intervention NAME holds."""

import sys

from ipykernel.kernelapp import IPKernelApp

from qbc.interventions.swaps import apply
from qbc.interventions.verdicts import record_verdicts, reseed_every_cell

if __name__ == "__main__":
    apply(sys.argv.pop(1))
    record_verdicts()
    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])  # type: ignore[no-untyped-call]
    assert app.shell is not None
    reseed_every_cell(app.shell)
    app.start()  # type: ignore[no-untyped-call]
