"""What a tokenizer declares, measured through its interface: functions of any subject, and the chunks that they are measured on."""

import warnings

import numpy as np
import pytest

from qbc import tokenizers as tk
from qbc.tokenizers.measure import corrupted


def made_up(seed, n=300, h=8, d=4):
    """Smooth chunks in unlike units: joints, a gripper that is 0 or 1, and last, of four or more coordinates, one that never moves."""
    rng = np.random.default_rng(seed)
    u = np.cumsum(rng.normal(size=(n, h, d)), axis=1) * 0.2 + 2 * rng.normal(size=(n, 1, d)) + 1.0
    u *= 10.0 ** np.arange(-1, d - 1)
    if d > 1:
        u[..., 1] = u[..., 1] > 1
    if d > 3:
        u[..., 3] = 0.1
    return u


def in_range(q, u, rng):
    """Chunks inside the declared range: the given ones, uniform ones, and corners."""
    f = q.facts
    low, high = np.broadcast_arrays(f.low, f.high)
    uniform = rng.uniform(low, high, size=(200, q.h, q.d))
    corners = np.where(rng.random((100, q.h, q.d)) < 0.5, low, high)
    flat = np.tile(np.where(rng.random((50, 1, q.d)) < 0.5, low, high), (1, q.h, 1))
    return np.clip(np.concatenate([u, uniform, corners, flat]), low, high)


def random_tokens(q, rng, n=100):
    return rng.integers(q.sizes, size=(n, len(q.sizes)))


def law_tokens(q, u, rng):
    """Integers below the vocabulary, as many as declared: always, or on average on the fitted chunks and at most."""
    f = q.facts
    tokens = q.encode(u, tell=False)
    lengths = [len(t) for t in tokens]
    assert np.mean(lengths) == f.tokens_mean
    for t in [*tokens, *q.encode(in_range(q, u, rng), tell=False)]:
        assert t.dtype == np.int64
        assert 0 <= t.min() <= t.max() < f.vocabulary
        assert len(t) <= f.tokens_worst
    if q.fixed:
        assert set(lengths) == {f.tokens_worst}
        assert f.bits == pytest.approx(np.log2(q.sizes).sum())
    one = q.encode(u[0], tell=False)
    assert np.array_equal(one, tokens[0])
    assert q.decode(one).shape == (q.h, q.d)


def law_errors(q, u, rng):
    """rms on the fitted chunks as declared; inside the range no error above the worst, which a tight one comes near to."""
    f = q.facts
    rms = np.sqrt(((q.decode(q.encode(u, tell=False)) - u) ** 2).mean(axis=(0, 1)))
    np.testing.assert_allclose(rms, f.rms, rtol=1e-9, atol=1e-12)
    inside = in_range(q, u, rng)
    errors = np.abs(q.decode(q.encode(inside, tell=False)) - inside).max(axis=(0, 1))
    slack = 1e-9 * np.maximum(np.abs(f.low), np.abs(f.high))
    assert (errors <= f.worst + slack).all()
    if f.tight:
        assert (errors >= 0.9 * f.worst - slack).all()
    assert np.isfinite(f.worst).all()


def law_total(q, u, rng):
    """Total: every sequence decodes. Otherwise some does not, which one line says, and what decodes is never made up."""
    if q.facts.total:
        assert np.isfinite(q.decode(random_tokens(q, rng))).all()
        return
    refused = []
    for t in random_tokens(q, rng):
        try:
            q.decode(t)
        except ValueError as e:
            refused.append(str(e))
    assert refused
    assert not any("\n" in words for words in refused)


def law_prefix(q, u, rng):
    """Every prefix decodes, and the mean squared error of the fitted chunks, in units of the range, never rises; or none does."""
    tokens = q.encode(u, tell=False)
    if not q.facts.prefix:
        for k in range(len(tokens[0])):
            with pytest.raises(ValueError, match="tokens: "):
                q.decode(tokens[0][:k])
        return
    unit = np.where(q.facts.high > q.facts.low, q.facts.high - q.facts.low, 1.0)
    errors = [(((q.decode(tokens[:, :k]) - u) / unit) ** 2).mean() for k in range(tokens.shape[1] + 1)]
    assert (np.diff(errors) <= 1e-12).all()
    assert errors[-1] < errors[0]


def law_wrong_token(q, u, rng):
    """One wrong token moves as many steps and coordinates as declared, and no more."""
    tokens = list(q.encode(u, tell=False))
    steps, coordinates = 0, 0
    for _ in range(4):
        for t in tokens:
            wrong = corrupted(q, t, rng)
            try:
                moved = q.decode(wrong) != q.decode(t)
            except ValueError:
                assert not q.facts.total
                continue
            steps, coordinates = max(steps, moved.any(axis=1).sum()), max(coordinates, moved.any(axis=0).sum())
    if q.facts.total:
        assert (steps, coordinates) == q.facts.moved
    else:
        assert steps <= q.facts.moved[0]
        assert coordinates <= q.facts.moved[1]


def law_outside(q, u, rng):
    """What lies outside is told, with its count, and coded as the nearest end; inside nothing is told."""
    f = q.facts
    far = np.clip(u[:20], f.low, f.high)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        q.encode(far)
    far[3, 0, 0] = f.high[0] + 3 * (f.high[0] - f.low[0])
    with pytest.warns(tk.Outside, match=rf"u: 1 of {far.size} entries outside the range, coordinate 0 by up to"):
        tokens = q.encode(far)
    clipped = q.encode(np.clip(far, f.low, f.high), tell=False)
    assert all(map(np.array_equal, tokens, clipped))


def law_strict(q, u, rng):
    """What is no token is refused: nothing wraps round, nothing is rounded, nothing is cut."""
    t = q.encode(u[:1], tell=False)[0]
    for place, code in ((0, -1), (-1, q.sizes[-1])):
        bad = t.copy()
        bad[place] = code
        with pytest.raises(ValueError, match=r"tokens: token .* is one of 0 … "):
            q.decode(bad)
    for bad in (t.astype(float), np.r_[t, t], t[None, None]):
        with pytest.raises(ValueError, match=r"^tokens"):
            q.decode(bad)
    for bad, words in ((u[:, :-1], "chunks of"), (u[..., :-1], "chunks of"), (u[0, 0], r"\(n, h, d\)"), (u * np.nan, "finite")):
        if bad.size:
            with pytest.raises(ValueError, match=f"^u: .*{words}"):
                q.encode(bad)


def law_units(fit, u):
    """In other units, by a power of two, the tokens are the same."""
    a, b = fit(u, np.random.default_rng(1)), fit(u * 8, np.random.default_rng(1))
    assert all(map(np.array_equal, a.encode(u, tell=False), b.encode(u * 8, tell=False)))
    np.testing.assert_allclose(b.facts.rms, 8 * a.facts.rms, rtol=1e-9, atol=1e-15)


LAWS = [law_tokens, law_errors, law_total, law_prefix, law_wrong_token, law_outside, law_strict]
