"""Simulated robots as plants of ``qbc.systems``: the only importer of MuJoCo, which the extra ``sim`` installs.

==================  ================================================================================
``engine``          the import of MuJoCo; a control step as a pure function of state and action
``pendulum``        gymnasium's inverted double pendulum: plant, derivatives upright, regulator
``avoiding``        a rod among six cylinders, after D3IL's task: model, plant, contact, modes
``demonstrators``   who leads the rod: smooth, or as people with a joystick do
``fetch``           the Fetch arm of gymnasium-robotics: to reach, to pick and place, its scripts
``rendering``       frames without a screen
==================  ================================================================================

The state of each plant is everything that its next state depends on, so that a rollout can stop at any state and go on from there.
"""

from qbc.robots import avoiding, demonstrators, fetch, pendulum, rendering

__all__ = ["avoiding", "demonstrators", "fetch", "pendulum", "rendering"]
