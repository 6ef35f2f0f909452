"""How often each code stands at a place, and behind which other: smoothed counts of sequences of tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qbc.quantizers import Codes, Floats

MOST = 5_000_000  # counts of pairs


@dataclass(frozen=True, eq=False)
class Transitions:
    """p_t(s | the token ``lag`` places before), backed off to how often s stands at place t, and that to all codes alike.

    Each step backs off by the rule of Witten and Bell: with the mass of as many more samples as there are different codes.
    """

    place: Floats  # (T, V)
    lag: int  # 0: no pairs
    pairs: Floats  # (C, V, V): how often a code follows a code; C = T, or the places t, t + lag, ... pooled, C = lag

    @staticmethod
    def of(rows: Codes, sizes: Codes, lag: int = 0, pooled: bool = False) -> Transitions:
        """Of rows (N, T), −1 behind their end; place t has sizes[t] codes."""
        T, V = len(sizes), int(sizes.max())
        place = np.zeros((T, V))
        for t, column in enumerate(rows.T):
            counts = np.bincount(column[column >= 0], minlength=int(sizes[t]))
            kinds = max(int((counts > 0).sum()), 1)
            place[t, : sizes[t]] = (counts + kinds / sizes[t]) / (counts.sum() + kinds)
        C = (lag if pooled else T) if lag else 0
        pairs = np.zeros((C, V, V))
        for t in range(lag, T) if lag else ():
            there = rows[:, t] >= 0
            np.add.at(pairs[t % C], (rows[there, t - lag], rows[there, t]), 1.0)
        return Transitions(place, lag, pairs)

    @property
    def T(self) -> int:
        return len(self.place)

    def chances(self, s: Codes) -> Floats:
        """(n, T) p_t of the tokens of sequences (n, T); 1 where there is none (−1)."""
        out = np.ones(s.shape)
        for t, table in enumerate(self.place):
            there = s[:, t] >= 0
            now = s[there, t]
            if not self.lag or t < self.lag:
                out[there, t] = table[now]
                continue
            before, pairs = s[there, t - self.lag], self.pairs[t % len(self.pairs)]
            total, kinds = self._mass(t)
            out[there, t] = (pairs[before, now] + kinds[before] * table[now]) / (total[before] + kinds[before])
        return out

    def following(self, t: int, s: Codes) -> Floats:
        """(n, V) p_t given the tokens s (n, T) before place t; after an end, as if none were known."""
        table = np.broadcast_to(self.place[t], (len(s), self.place.shape[1]))
        if not self.lag or t < self.lag:
            return table
        before = s[:, t - self.lag]
        total, kinds = self._mass(t)
        known = (self.pairs[t % len(self.pairs)][before] + kinds[before, None] * table) / (total[before] + kinds[before])[:, None]
        return np.where((before >= 0)[:, None], known, table)

    def _mass(self, t: int) -> tuple[Floats, Floats]:
        """(V,) how many pairs begin with each code, and how many different; where there is none, one."""
        pairs = self.pairs[t % len(self.pairs)]
        return pairs.sum(axis=1), np.maximum((pairs > 0).sum(axis=1), 1.0)


def candidates(sizes: Codes, fixed: bool, d: int) -> list[tuple[int, bool]]:
    """(lag, pooled) worth a try: none; the token before; of tokens a step and coordinate, that of the same coordinate a step before."""
    T, V = len(sizes), int(sizes.max())
    found = [(0, False)]
    if fixed and T > 1 and T * V**2 <= MOST:
        found.append((1, False))
    if fixed and d < T and T % d == 0 and d * V**2 <= MOST:
        found.append((d, True))
    if not fixed and V**2 <= MOST:
        found.append((1, True))
    return found
