"""What is played of chunks: worked by hand with a head that says when it was asked."""

import numpy as np
import pytest

from qbc.receding import Receding


class Asked:
    """Answers 10 x + (0, 1, 2, 3): ten times the state it last saw, and how old the action is."""

    def __init__(self, k=1):
        self.k, self.seen = k, []

    def __call__(self, x, rng):
        self.seen.append(x)
        return 10 * x[..., -1:, None] + np.arange(4.0)[:, None]


def played(steps=6, rows=1, **how):
    head = Asked(how.get("k", 1))
    policy = Receding(head, **how)
    return np.array([policy(np.full((rows, 1), float(t)), None)[:, 0] for t in range(steps)]), head


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        (dict(), [0, 10, 20, 30, 40, 50]),
        (dict(play=3), [0, 1, 2, 30, 31, 32]),
        (dict(play=4), [0, 1, 2, 3, 40, 41]),
        (dict(delay=2), [0, 1, 2, 12, 22, 32]),  # asked two steps ago, two actions old
        (dict(play=2, delay=1), [0, 1, 2, 21, 22, 41]),
    ],
)
def test_by_hand(how, wanted):
    np.testing.assert_array_equal(played(**how)[0][:, 0], wanted)


def test_answers_that_overlap_are_averaged():
    np.testing.assert_allclose(played(ensemble=0.0)[0][:, 0], [0, 5.5, 11, 16.5, 26.5, 36.5])  # the last four asked
    weights = np.exp(-np.log(2.0) * np.array([1, 0]))
    np.testing.assert_allclose(played(2, ensemble=np.log(2.0))[0][1, 0], weights @ [1, 10] / weights.sum())


def test_history_repeats_the_first_and_then_moves():
    seen = played(3, history=3)[1].seen
    np.testing.assert_array_equal([s[0, 0] for s in seen], [[0, 0, 0], [0, 0, 1], [0, 1, 2]])


def test_a_level_is_the_last_thing_a_head_sees():
    seen = played(2, history=2, level=0.25)[1].seen
    np.testing.assert_array_equal([s[0, 0] for s in seen], [[0, 0, 0.25], [0, 1, 0.25]])


def test_each_network_plays_its_own_block():
    head = Asked(3)
    policy = Receding(head, k=3, history=2)
    for t in range(2):
        np.testing.assert_array_equal(policy(np.arange(6.0)[:, None] + 10 * t, None)[:, 0], 10 * (np.arange(6) + 10 * t))
    np.testing.assert_array_equal(head.seen[1], [[[0, 10], [1, 11]], [[2, 12], [3, 13]], [[4, 14], [5, 15]]])


def test_what_was_seen_stays_as_it_was_seen():
    """A caller may write its next states into the same array."""
    head, x = Asked(), np.zeros((1, 1))
    policy = Receding(head, history=2)
    for t in range(3):
        x[:] = t
        policy(x, None)
    np.testing.assert_array_equal([s[0, 0] for s in head.seen], [[0, 0], [0, 1], [1, 2]])


def test_after_a_reset_it_plays_as_new():
    policy = Receding(Asked(), play=3, history=2, delay=1)
    first, again = ([policy(np.full((rows, 1), t), None)[0, 0] for t in range(4)] for rows in (1, 2) if not policy.reset())
    assert first == again


def test_the_rows_stay_as_many_and_fill_the_blocks():
    policy = Receding(Asked(2), k=2)
    with pytest.raises(ValueError, match=r"^x: rows in a multiple of k = 2, got 3$"):
        policy(np.zeros((3, 1)), None)
    policy(np.zeros((4, 1)), None)
    with pytest.raises(ValueError, match=r"as at the step before, 4: reset\(\) begins another rollout, got 6$"):
        policy(np.zeros((6, 1)), None)


@pytest.mark.parametrize(("ensemble", "age"), [(-1e3, 3), (1e3, 0)])
def test_steep_weights_choose_the_oldest_or_the_newest(ensemble, age):
    assert played(ensemble=ensemble)[0][5, 0] == 10 * (5 - age) + age


def test_refusals():
    for wrong in (dict(play=0), dict(history=0), dict(delay=-1), dict(k=0)):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))}: >="):
            Receding(Asked(), **wrong)
    with pytest.raises(ValueError, match="asks at every step"):
        Receding(Asked(), play=2, ensemble=0.1)
    with pytest.raises(ValueError, match="chunks of 4 steps are too short for play = 3 and delay = 2"):
        played(play=3, delay=2)


def test_what_it_remembers_is_neither_given_nor_shown_nor_compared():
    head = Asked()
    with pytest.raises(TypeError):
        Receding(head, 1, 1, 1, 0, None, None, 0)
    assert repr(Receding(head)) == f"Receding(head={head!r}, k=1, play=1, history=1, delay=0, ensemble=None, level=None)"
    one, other = Receding(head), Receding(head)
    assert one == one != other


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_ages_are_weighed_by_a_number(bad):
    with pytest.raises(ValueError, match="ensemble: a finite number, got"):
        Receding(Asked(), ensemble=bad)
