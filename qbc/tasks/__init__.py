"""Tasks with several right answers: start, obstacles, K modes to choose from; and what counts as having solved one.

A task is a *continuous* family of noise-free paths, ``path(p)``, of which K members, ``path(modes)``, are demonstrated. An
expert picks one of the K and adds noise to every position; the mode-blind sampler draws p uniformly from all of the family.
All tasks live in the unit square and last T = 60 positions; an action is the increment from one position to the next, and a
policy acts open loop from the mean start. ``Scenes`` set a task into the world, each time at another place: what a policy sees
has K answers (one answer where the observation tells the mode).

Geometry, noise, rejection and the measures of success and coverage follow the public code of Mazza et al. (arXiv 2605.22493);
the bridge fraction and the mode-blind sampler are ours.
"""

from qbc.tasks.blind import mode_blind
from qbc.tasks.examples import EXAMPLES, Circle, Corridor, Radial, Sequential
from qbc.tasks.law import exact_law
from qbc.tasks.scene import Scenes
from qbc.tasks.slalom import Slalom, lateral, shaken
from qbc.tasks.task import Score, T, Task, actions
from qbc.tasks.ways import open_ways

__all__ = [
    "EXAMPLES",
    "Circle",
    "Corridor",
    "Radial",
    "Scenes",
    "Score",
    "Sequential",
    "Slalom",
    "T",
    "Task",
    "actions",
    "exact_law",
    "lateral",
    "mode_blind",
    "open_ways",
    "shaken",
]
