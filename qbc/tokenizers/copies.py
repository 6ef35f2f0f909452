"""A mixture of noisy copies: sequences of tokens as demonstrations have them, each token drawn anew with a probability of its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import logsumexp, softmax

from qbc.quantizers import Codes, Floats
from qbc.tokenizers.transitions import Transitions

ROUNDS = 8  # of expectation maximisation


@dataclass(frozen=True, eq=False)
class Copies:
    """p(s) = 1/K Σ_i Π_t [(1 − λ_t) 1{s_t = s_i,t} + λ_t p_t(s_t | s before)], over K demonstrations i; p_t where i has ended."""

    rows: Codes  # (N, T): the demonstrations, −1 behind their end
    fresh: Transitions  # p_t
    K: int
    redrawn: Floats  # (T,): λ_t
    loss: float  # bits a sequence, where it was fitted

    @staticmethod
    def fit(rows: Codes, fresh: Transitions, seen: Codes, near: Codes) -> Copies:
        """λ_t by expectation maximisation on sequences ``seen`` (n, T), none of them of the rows, with demonstrations near (n, K)."""
        head = Copies(rows, fresh, near.shape[1], np.full(rows.shape[1], 0.5), np.inf)
        copies, p, here = rows[near], fresh.chances(seen), (seen >= 0)[:, None]
        same, ended = ((copies == seen[:, None]) & here).astype(float), ((copies < 0) & here).astype(float)  # (n, K, T)
        count = here - ended
        for _ in range(ROUNDS):
            gain, _ = head._terms(seen, p)
            r = softmax((same @ gain[..., None])[..., 0] - ended @ np.log(head.redrawn), axis=1)[:, None]
            copied = (1 - head.redrawn) / (head.redrawn * p + 1 - head.redrawn)  # (n, T), of tokens that are the same
            kept, seen_at = ((r @ same)[:, 0] * copied).sum(axis=0), (r @ count)[:, 0].sum(axis=0)
            head = replace(head, redrawn=(seen_at - kept + 0.5) / (seen_at + 1))  # half a copy, half none: never 0 or 1
        return replace(head, loss=float(head.bits(seen, near).mean()))

    def bits(self, s: Codes, near: Codes | None) -> Floats:
        """(n,) −log₂ p of sequences (n, T) given the demonstrations near (n, K), or all of them if it is None."""
        scores = self._scores(s)
        scores = scores if near is None else np.take_along_axis(scores, near, axis=1)
        return np.asarray((np.log(scores.shape[1]) - logsumexp(scores, axis=1)) / np.log(2))

    def sample(self, near: Codes, rng: np.random.Generator) -> Codes:
        """(n, T) sequences drawn given the demonstrations near (n, K)."""
        copy = self.rows[near[np.arange(len(near)), rng.integers(near.shape[1], size=len(near))]]
        again = (rng.random(copy.shape) < self.redrawn) | (copy < 0)
        out = np.where(again, -1, copy)
        for t in range(self.fresh.T):
            which = np.flatnonzero(again[:, t])
            sums = self.fresh.following(t, out[which]).cumsum(axis=1)
            out[which, t] = (sums < (rng.random(len(which)) * sums[:, -1])[:, None]).sum(axis=1)
        return out

    def likeliest(self, near: Codes) -> Codes:
        """(n, T) the likeliest next token each time, given the ones before and the demonstrations near (n, K)."""
        score, out = np.zeros(near.shape), np.full((len(near), self.rows.shape[1]), -1)
        line = np.arange(len(near))
        for t, lam in enumerate(self.redrawn):
            copy, p = self.rows[:, t][near], self.fresh.following(t, out)
            going, w = copy >= 0, softmax(score, axis=1)
            votes = np.bincount((line[:, None] * p.shape[1] + copy)[going], w[going], minlength=p.size).reshape(p.shape)
            ended = np.where(going, 0.0, w).sum(axis=1)[:, None]
            out[:, t] = best = ((1 - lam) * votes + (lam + (1 - lam) * ended) * p).argmax(axis=1)
            p = p[line, best][:, None]
            score += np.log(np.where(going, lam * p + (1 - lam) * (copy == best[:, None]), p))
        return out

    def _terms(self, s: Codes, p: Floats) -> tuple[Floats, Floats]:
        """(n, T) what the log of the factor of a place is more where a demonstration has the token, and that log where it has not."""
        other = np.where(s >= 0, np.log(self.redrawn * p), 0.0)
        return np.where(s >= 0, np.log(self.redrawn * p + 1 - self.redrawn) - other, 0.0), other

    def _scores(self, s: Codes) -> Floats:
        """(n, N) log of the product over t, of sequences s (n, T) and all demonstrations."""
        V, (gain, other) = self.fresh.place.shape[1], self._terms(s, self.fresh.chances(s))
        out = (_hot(s, V, gain) @ _hot(self.rows, V, np.ones(self.rows.shape)).T).toarray() + other.sum(axis=1)[:, None]
        ended = self.rows < 0
        return np.asarray(out - ((s >= 0) * np.log(self.redrawn)) @ ended.T) if ended.any() else out


def _hot(s: Codes, V: int, weights: Floats) -> Any:
    """A sparse array (n, T V) with weights (n, T) where the codes stand."""
    from scipy import sparse  # slow to import, needed here only

    n, T = s.shape
    line, place = np.nonzero(s >= 0)
    return sparse.csr_array((weights[line, place], (line, place * V + s[line, place])), shape=(n, T * V))


def squared(a: Floats, b: Floats) -> Floats:
    """(n, N) squared distances of contexts a (n, dx) and b (N, dx), in standard deviations of b."""
    std = np.where(np.ptp(b, axis=0) > 0, b.std(axis=0), 1.0)
    a, b = a / std, b / std
    return np.asarray(np.maximum((a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1), 0.0))


def nearest(squares: Floats, K: int) -> Codes:
    """(n, K) the K smallest of each row (n, N), the first of equal ones."""
    return np.argsort(squares, axis=1, kind="stable")[:, :K]
