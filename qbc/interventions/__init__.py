"""What takes an ingredient away, everywhere in qbc: the interventions under which verdicts are expected to turn.

=============  ====================================================================================
``data``       another seed (a parameter of the chapter: nothing is swapped)
``fit``        every learner ignores its targets; networks stay untrained, finite classes give a random member
``less``       every learner sees a tenth of its data
``rollout``    every plant, finite MDP and task stays where it started
``quantizer``  decode ∘ encode is the identity
``bound-low``  every right-hand side is multiplied by .8, and by 1.25 in ``bound-high``
``effort``     every network is trained for four times as many steps
``none``       nothing: what the others are compared with
=============  ====================================================================================

``python -m qbc.interventions NAME ...`` starts a Jupyter kernel in which one of them holds. No chapter and no other module of qbc
knows of this one. In such a kernel verdicts are recorded, never raised, and every cell starts from random numbers of its own, so
that what one cell draws reaches another only through what it computes.
"""

from qbc.interventions.swaps import NAMES, Swap, apply, reached, swaps

__all__ = ["NAMES", "Swap", "apply", "reached", "swaps"]
