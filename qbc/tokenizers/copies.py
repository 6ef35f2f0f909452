"""A mixture of noisy copies: sequences of tokens as demonstrations have them, each token drawn anew with a probability of its place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.special import logsumexp, softmax

from qbc.quantizers import Codes, Floats

ROUNDS = 8  # of expectation maximisation


@dataclass(frozen=True, eq=False)
class Copies:
    """p(s) = 1/K Σ_i Π_t [(1 − λ_t) 1{s_t = s_i,t} + λ_t p_t(s_t)], over K demonstrations i; where one has ended, p_t alone."""

    rows: Codes  # (N, T): the demonstrations, −1 behind their end
    table: Floats  # (T, V): p_t, how often each code stands at a place, and some of the others
    K: int
    redrawn: Floats  # (T,): λ_t
    loss: float  # bits a sequence, where it was fitted

    @staticmethod
    def fit(rows: Codes, sizes: Codes, seen: Codes, near: Codes) -> Copies:
        """λ_t by expectation maximisation on sequences ``seen`` (n, T), each with demonstrations near (n, K) other than itself."""
        head = Copies(rows, unigram(rows, sizes), near.shape[1], np.full(rows.shape[1], 0.5), np.inf)
        copies, p = rows[near], head.chances(seen)
        ended = ((copies < 0) & (seen >= 0)[:, None]).astype(float)  # (n, K, T)
        same = ((copies == seen[:, None]) & (seen >= 0)[:, None]).astype(float)  # (n, K, T)
        count = ((copies >= 0) & (seen >= 0)[:, None]).astype(float)
        for _ in range(ROUNDS):
            gain, _ = head.terms(seen)
            r = softmax((same @ gain[..., None])[..., 0] - ended @ np.log(head.redrawn), axis=1)[:, None]
            copied = (1 - head.redrawn) / (head.redrawn * p + 1 - head.redrawn)  # (n, T), of tokens that are the same
            kept, seen_at = ((r @ same)[:, 0] * copied).sum(axis=0), (r @ count)[:, 0].sum(axis=0)
            head = replace(head, redrawn=(seen_at - kept + 0.5) / (seen_at + 1))  # half a copy, half none: never 0 or 1
        return replace(head, loss=float(head.bits(seen, near).mean()))

    def chances(self, s: Codes) -> Floats:
        """(n, T) of p_t(s_t); 1 where there is no token."""
        return np.where(s >= 0, self.table[np.arange(s.shape[1]), s], 1.0)

    def terms(self, s: Codes) -> tuple[Floats, Floats]:
        """(n, T) what the log of the factor of a place is more where a demonstration has the token, and that log where it has not."""
        p = self.chances(s)
        fresh = np.where(s >= 0, np.log(self.redrawn * p), 0.0)
        return np.where(s >= 0, np.log(self.redrawn * p + 1 - self.redrawn) - fresh, 0.0), fresh

    def scores(self, s: Codes) -> Floats:
        """(n, N) log of the product over t, of sequences s (n, T) and all demonstrations."""
        V, (gain, fresh) = self.table.shape[1], self.terms(s)
        out = (_hot(s, V, gain) @ _hot(self.rows, V, np.ones(self.rows.shape)).T).toarray() + fresh.sum(axis=1)[:, None]
        ended = self.rows < 0
        return np.asarray(out - ((s >= 0) * np.log(self.redrawn)) @ ended.T) if ended.any() else out

    def bits(self, s: Codes, near: Codes | None) -> Floats:
        """(n,) −log₂ p of sequences (n, T) given the demonstrations near (n, K), or all of them if it is None."""
        scores = self.scores(s)
        scores = scores if near is None else np.take_along_axis(scores, near, axis=1)
        return np.asarray((np.log(scores.shape[1]) - logsumexp(scores, axis=1)) / np.log(2))

    def sample(self, near: Codes, rng: np.random.Generator) -> Codes:
        """(n, T) sequences drawn given the demonstrations near (n, K)."""
        copy = self.rows[near[np.arange(len(near)), rng.integers(near.shape[1], size=len(near))]]
        fresh = np.stack([rng.choice(len(p), len(near), p=p) for p in self.table], axis=1)
        return np.where((rng.random(copy.shape) < self.redrawn) | (copy < 0), fresh, copy)

    def likeliest(self, near: Codes) -> Codes:
        """(n, T) the likeliest next token each time, among those of the demonstrations near (n, K), given the ones before."""
        score, out, V = np.zeros(near.shape), np.full((len(near), self.rows.shape[1]), -1), self.table.shape[1]
        line = np.arange(len(near))
        for t, (lam, table) in enumerate(zip(self.redrawn, self.table, strict=True)):
            copy = self.rows[:, t][near]
            place, going = line[:, None] * V + copy, copy >= 0
            votes = np.bincount(place[going], softmax(score, axis=1)[going], minlength=len(near) * V)
            votes = np.where(going, (1 - lam) * votes[place] + lam * table[copy], -1.0)
            out[:, t] = best = copy[line, votes.argmax(axis=1)]
            p = table[best][:, None]
            score += np.log(np.where(going, lam * p + (1 - lam) * (copy == best[:, None]), p))
        return out


def _hot(s: Codes, V: int, weights: Floats) -> sparse.csr_array:
    """(n, T V) with weights (n, T) where the codes stand."""
    n, T = s.shape
    there = s >= 0
    line, place = np.nonzero(there)
    return sparse.csr_array((weights[there], (line, place * V + s[there])), shape=(n, T * V))


def unigram(rows: Codes, sizes: Codes) -> Floats:
    """(T, V) how often each of the sizes[t] codes stands at place t of rows (N, T). As many more samples as there are different codes
    are shared by all (Witten and Bell), so that none is impossible."""
    table = np.zeros((len(sizes), int(sizes.max())))
    for t, column in enumerate(rows.T):
        counts = np.bincount(column[column >= 0], minlength=int(sizes[t]))
        kinds = max(int((counts > 0).sum()), 1)
        table[t, : sizes[t]] = (counts + kinds / sizes[t]) / (counts.sum() + kinds)
    return table


def squared(a: Floats, b: Floats) -> Floats:
    """(n, N) squared distances of contexts a (n, dx) and b (N, dx), in standard deviations of b."""
    std = np.where(np.ptp(b, axis=0) > 0, b.std(axis=0), 1.0)
    a, b = a / std, b / std
    return np.asarray(np.maximum((a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1), 0.0))


def nearest(squares: Floats, K: int) -> Codes:
    """(n, K) the K smallest of each row (n, N), the first of equal ones."""
    return np.argsort(squares, axis=1, kind="stable")[:, :K]
