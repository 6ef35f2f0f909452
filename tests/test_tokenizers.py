"""All kinds of tokenizers, as the registry has them, under all laws; and subjects from the wild that break one each."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizer_laws import (
    LAWS,
    in_range,
    law_errors,
    law_outside,
    law_prefix,
    law_strict,
    law_tokens,
    law_total,
    law_units,
    law_wrong_token,
    made_up,
)

from qbc import tokenizers as tk
from qbc.tokenizers.grid import Grid
from qbc.tokenizers.kinds.fast import Fast
from qbc.tokenizers.kinds.ordered import OrderedPca
from qbc.tokenizers.kinds.steps import Steps

pytestmark = [
    pytest.mark.filterwarnings("ignore::qbc.quantizers.FewerCodes"),
    pytest.mark.filterwarnings("ignore::qbc.quantizers.LargeError"),
]
SHAPES = {"joints, a gripper, one that never moves": (300, 8, 4), "one step": (60, 1, 2), "one coordinate": (40, 12, 1)}
EACH = pytest.mark.parametrize("kind", sorted(tk.KINDS))


@cache
def fitted(kind, shape):
    options = {"tokens": 1, "levels": (5, 5)} if (kind, shape) == ("FSQ", "one step") else {}
    u = made_up(3, *SHAPES[shape])
    return tk.fit(kind, u, np.random.default_rng(0), **options), u


@EACH
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("law", LAWS)
def test_law(kind, shape, law):
    q, u = fitted(kind, shape)
    law(q, u, np.random.default_rng(5))


@EACH
def test_units_do_not_matter(kind):
    law_units(tk.KINDS[kind], made_up(4, 60, 4, 2))


@EACH
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_no_chunk_inside_the_range_errs_by_more_than_the_worst(kind, seed):
    q, u = fitted(kind, "joints, a gripper, one that never moves")
    rng = np.random.default_rng(seed)
    law_errors(q, u, rng)
    wild = in_range(q, u[:0], rng)
    steps = wild[:, rng.permutation(q.h)]
    assert (np.abs(q.decode(q.encode(steps, tell=False)) - steps) <= q.facts.worst * (1 + 1e-9) + 1e-9 * np.abs(q.facts.high)).all()


@EACH
def test_the_same_seed_fits_the_same(kind):
    u = made_up(6, 80, 4, 2)
    a, b = (tk.fit(kind, u, np.random.default_rng(2)) for _ in range(2))
    assert all(map(np.array_equal, a.encode(u, tell=False), b.encode(u, tell=False)))


@EACH
@pytest.mark.parametrize("bad", [np.zeros((3, 4)), np.zeros((0, 4, 2)), np.full((9, 4, 2), np.nan), np.full((9, 4, 2), 1e200), "u"])
def test_what_are_no_chunks_is_refused_in_one_line(kind, bad):
    with pytest.raises(ValueError, match=r"^chunks: [^\n]*$"):
        tk.fit(kind, bad, np.random.default_rng(0))


@EACH
def test_a_fit_needs_a_generator(kind):
    with pytest.raises(ValueError, match="rng: tokenizers are fitted with a numpy Generator, not 3"):
        tk.fit(kind, made_up(0, 60, 4, 2), 3)


def test_a_kind_that_is_none():
    with pytest.raises(ValueError, match=r"^kind: one of .*FAST.*, not 'fast'"):
        tk.fit("fast", made_up(0), np.random.default_rng(0))


class OffByOne(Steps):
    """Broken: 256 edges taken for 256 codes, the centre of the cell beside (what openvla#327 asks about)."""

    def _decode(self, codes):
        return super()._decode(np.maximum(codes - 1, 0))


class LeftEdge(Steps):
    """Broken: decodes the left ends of cells, as openpi's bins do: half a bin of bias."""

    def _decode(self, codes):
        return super()._decode(codes) - self.quantizer.radius


class WrapAround(Steps):
    """Broken: beyond the last threshold the code is 0, as the argmax of an all-zero one-hot in Octo's "normal" bins."""

    def encode(self, u, *, tell=True):
        above = (u > self.scaling.high).reshape(len(u), -1) if np.ndim(u) == 3 else False
        return np.where(above, 0, super().encode(u, tell=tell))


class NegativeIndex(Steps):
    """Broken: a code of −1 is the last one, as arrays are indexed."""

    def _check(self, name, s):
        pass

    def _decode(self, codes):
        return super()._decode(codes % self.sizes)


class SilentClip(Steps):
    """Broken: cuts at the ends of the range and says nothing, as FAST and OpenVLA do (RoboMemArena#19)."""

    def encode(self, u, *, tell=True):
        return super().encode(u, tell=False)


class AllZero(Fast):
    """Broken: what does not decode is a chunk of zeros, as in FAST's reference (openpi#299, #373, #556)."""

    def decode(self, tokens):
        try:
            return super().decode(tokens)
        except ValueError:
            return np.zeros((self.h, self.d))


class OneTooFew(Steps):
    """Broken: declares one code fewer than it uses, as who counts from 0."""

    @property
    def facts(self):
        said = super().facts
        return replace(said, vocabulary=said.vocabulary - 1)


class WithoutZero(OrderedPca):
    """Broken: two levels, none of them 0, so that a small coefficient makes a prefix worse than none."""

    @classmethod
    def _fit(cls, u, rng):
        q = super()._fit(u, rng)
        return replace(q, grid=Grid.between(-q.grid.top, q.grid.top, 2))


class OneCoordinate(OrderedPca):
    """Broken: says that a wrong coefficient of the whole chunk moves one coordinate, as one of a cosine transform does."""

    moved = (8, 1)


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        pytest.param(broken, law, id=f"{broken.__name__}-{law.__name__}", marks=pytest.mark.xfail(strict=True, raises=raises))
        for broken, law, raises in [
            (OffByOne, law_errors, AssertionError),
            (LeftEdge, law_errors, AssertionError),
            (WrapAround, law_outside, AssertionError),
            (NegativeIndex, law_strict, pytest.fail.Exception),
            (SilentClip, law_outside, pytest.fail.Exception),
            (AllZero, law_total, AssertionError),
            (OneTooFew, law_tokens, AssertionError),
            (WithoutZero, law_prefix, AssertionError),
            (OneCoordinate, law_wrong_token, AssertionError),
        ]
    ],
)
def test_broken_subject(broken, law):
    u = made_up(3)
    fit = partial(broken.fit, quantizer="uniform") if issubclass(broken, Steps) else broken.fit
    law(fit(u, np.random.default_rng(0)), u, np.random.default_rng(5))
