"""Demonstrations that are sound, and the same with one fault planted in each."""

import numpy as np

TURN = 2 * np.pi


def clean(rng, n=24, T=80, d=3, *, increments=False):
    """Joints that are steered to rest from a random start, by targets or by increments: n episodes (u (T, d), x (T, d))."""
    x, episodes = rng.uniform(-1, 1, (n, d)), []
    us, xs = np.zeros((2, n, T, d))
    for t in range(T):
        step = -0.1 * x + 0.02 * rng.normal(size=x.shape)
        us[:, t], xs[:, t] = step if increments else x + step, x
        x = x + step * (1.0 if increments else 0.8)
    episodes += zip(us, xs, strict=True)
    return episodes


def with_gripper(episodes, share=0.5):
    """A last action that closes after that share of the episode."""
    grip = [(np.arange(len(u)) >= share * len(u)).astype(float)[:, None] for u, _ in episodes]
    return [(np.hstack([u, g]), x) for (u, x), g in zip(episodes, grip, strict=True)]


def dead(rng):
    return [(np.hstack([u, np.full((len(u), 1), 0.3)]), x) for u, x in clean(rng)]


def sparse(rng):
    """A last action that is 0 but on eight rows in a thousand, where it may be anything."""
    found = clean(rng, T=300)
    return [(np.column_stack([u, rng.normal(size=len(u)) * (rng.random(len(u)) < 0.008)]), x) for u, x in found]


def late_increments(rng):
    return [(u[:-3], x[3:]) for u, x in clean(rng, increments=True)]


def rare_gripper(rng):
    """It opens on one row in two hundred, which quantiles do not see."""
    return with_gripper(clean(rng, T=200), 0.995)


def pauses(rng):
    """After a random step everything stands still for twenty rows."""
    found = []
    for u, x in clean(rng):
        rows = np.sort(np.concatenate([np.arange(len(u)), np.repeat(rng.integers(5, 60), 20)]))
        found.append((u[rows], x[rows]))
    return found


def two_ways(rng):
    """Half of the episodes go round on one side, half on the other."""
    side = rng.permutation(np.repeat([-1.0, 1.0], 12))
    return [(u + s * np.array([0, 0.5, 0]), x) for (u, x), s in zip(clean(rng), side, strict=True)]


def not_numbers(rng):
    episodes = clean(rng)
    episodes[3][0][7, 1], episodes[20][0][:4] = np.nan, np.inf
    return episodes


def late(rng):
    """Actions three rows behind."""
    return [(u[:-3], x[3:]) for u, x in clean(rng)]


def wraps(rng):
    """The first joint turns on and on; its target is told within half a turn, and so is its state."""
    found = []
    for u, x in clean(rng):
        on = rng.uniform(0, TURN) + 0.07 * np.arange(len(u)) + np.cumsum(0.01 * rng.normal(size=len(u)))
        told = (np.stack([on + 0.07, on]) + np.pi) % TURN - np.pi
        found.append((np.column_stack([told[0], u[:, 1:]]), np.column_stack([told[1], x[:, 1:]])))
    return found


def units(rng):
    """The last joint is commanded in degrees."""
    return [(u * [1, 1, 180 / np.pi], x) for u, x in clean(rng)]


def unlike(rng):
    """The last joint moves, and is commanded, in thousandths."""
    return [(u * [1, 1, 1e3], x * [1, 1, 1e3]) for u, x in clean(rng)]


def outliers(rng):
    episodes = clean(rng)
    for i in (2, 11):
        episodes[i][0][5, 0] = 40.0
    return episodes


def is_the_state(rng):
    return [(x.copy(), x) for _, x in clean(rng)]


PLANTED = {  # writer: the fault's name, and the dimensions it is in
    dead: ("dead dimension", (3,)),
    rare_gripper: ("discrete levels lost", (3,)),
    sparse: ("sparse dimension", (3,)),
    pauses: ("pauses", ()),
    two_ways: ("two ways", ()),
    not_numbers: ("rows that are no numbers", ()),
    late: ("late actions", (0, 1, 2)),
    late_increments: ("late actions", (0, 1, 2)),
    wraps: ("angle wraps", (0,)),
    units: ("mixed units", (2,)),
    unlike: ("mixed units", (2,)),
    outliers: ("outliers", (0,)),
    is_the_state: ("action is the state", (0, 1, 2)),
}
