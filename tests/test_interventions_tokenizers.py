"""Tokenizers that do nothing, see noise or see a tenth; a head that is shown the chunks of other contexts, or fewer."""

from dataclasses import dataclass

import numpy as np
import pytest

from qbc import tokenizers
from qbc.interventions import tokenizers as swapped
from qbc.tokenizers import Pairs

CHUNKS = np.random.default_rng(0).uniform(-1, 1, (200, 4, 2))


@pytest.mark.parametrize("kind", ["uniform", "RVQ", "FAST"])
def test_the_identity_gives_back_what_was_encoded_and_nothing_else(kind):
    t = tokenizers.fit(kind, CHUNKS, np.random.default_rng(1))
    encode, decode = swapped.remembering(type(t).encode), swapped.recalled(type(t).decode)
    tokens = encode(t, CHUNKS, tell=False)
    np.testing.assert_array_equal(decode(t, tokens), CHUNKS)
    assert np.abs(decode(t, [*tokens]) - CHUNKS).max() > 0  # what a head wrote, say
    np.testing.assert_array_equal(decode(t, tokens[3]), t.decode(np.asarray(tokens[3])))
    np.testing.assert_array_equal(decode(t, encode(t, CHUNKS[5], tell=False)), CHUNKS[5])


def test_a_tokenizer_is_fitted_to_noise_or_to_a_tenth():
    fits = {s.intervention: s.make(tokenizers.fit) for s in swapped.SWAPS if s.target == "qbc.tokenizers:fit"}
    assert fits["fit"]("uniform", CHUNKS, np.random.default_rng(1)).fitted.std.mean() == pytest.approx(1, abs=0.1)
    assert fits["less"]("uniform", CHUNKS, np.random.default_rng(1)).fitted.n == 20


@dataclass
class Seen:
    """What a head was shown."""

    train: Pairs | None = None

    def __call__(self, tokenizer, train, held_out, rng):
        self.train = train


def test_a_head_sees_the_chunks_of_other_contexts_or_a_tenth_of_two_episodes():
    pairs, seen = Pairs(np.arange(200.0)[:, None], CHUNKS, np.arange(200) // 100), Seen()
    swapped.other_chunks(seen)(None, pairs, pairs, None)
    assert (seen.train.contexts == pairs.contexts).all()
    assert (np.sort(seen.train.chunks, axis=0) == np.sort(CHUNKS, axis=0)).all()
    assert (seen.train.chunks != CHUNKS).any()
    swapped.fewer_pairs(seen)(None, pairs, pairs, None)
    assert len(seen.train.chunks) == 21
    assert set(seen.train.episodes) == {0, 1}
