"""Figures with sliders: every picture they can show, drawn beforehand, for a page whose script only looks up.

    sliders = live.inputs(eps=live.slider("training error", (1e-4, 1e-3), at=1e-3), H=live.slider("horizon", (100, 400), at=400))

    @live.figure("fates", "When does each leave?", "By step {H}, {p} of the rollouts have left.",
                 live.axis("step", 0, 400), live.axis("distance", 1e-3, 1e3, log=True), sliders)
    def _(eps, H):
        return live.line("mean played", t, path(eps)), live.rule("horizon", x=H), dict(H=H, p=f"{firing(H, eps):.2f}")

What takes long, and depends on few of the inputs, may stand beside them as ``paths=live.once(lambda eps: ...)``.

A cell that publishes is no evidence: what it binds is used by nothing else, it draws random numbers from a generator of its own, and
the key of the evidence leaves it out. Where figures are not looked at, under an intervention, nothing is called.
"""

from functools import cache as once

from qbc.live.marks import band, dots, line, rule
from qbc.live.publish import LIMIT, MIME, figure, table
from qbc.live.scales import axis, inputs, select, slider

__all__ = ["LIMIT", "MIME", "axis", "band", "dots", "figure", "inputs", "line", "once", "rule", "select", "slider", "table"]
