"""Tokenizers in files: the same bytes again, the same tokens; what is not what `save` wrote is refused in one line."""

import numpy as np
import pytest
from tokenizer_laws import made_up

from qbc import tokenizers as tk

KINDS = sorted(tk.KINDS)


@pytest.fixture(scope="module")
def chunks():
    return made_up(3, 120, 6, 3)


@pytest.mark.filterwarnings("ignore::qbc.quantizers.FewerCodes")
@pytest.mark.parametrize("kind", KINDS)
def test_all_comes_back_to_the_last_bit(kind, chunks, tmp_path):
    q = tk.fit(kind, chunks, np.random.default_rng(0))
    tk.save(q, tmp_path / "a.npz")
    back = tk.load(tmp_path / "a.npz")
    tk.save(back, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert type(back) is type(q)
    tokens = q.encode(chunks, tell=False)
    assert all(map(np.array_equal, tokens, back.encode(chunks, tell=False)))
    np.testing.assert_array_equal(q.decode(tokens), back.decode(tokens))
    assert back.facts.rows() == q.facts.rows()


@pytest.fixture
def saved(chunks, tmp_path):
    tk.save(tk.fit("ordered PCA", chunks, np.random.default_rng(0)), tmp_path / "q.npz")
    with np.load(tmp_path / "q.npz") as file:
        return tmp_path / "q.npz", dict(file)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format", None, "format: 'qbc.tokenizers', not 'missing'"),
        ("version", np.array(2), "version: 1, not 2"),
        ("class", np.array("Other"), "class: one of .*OrderedPca.*, not 'Other'"),
        ("grid.step", None, "missing 'grid.step'"),
        ("more", np.zeros(2), "unknown 'more'"),
        ("h", np.array(7), r"mean: \(21,\) finite numbers, not \(18,\)"),
        ("h", np.array(6.5), r"h: integers, not float64 \(\)"),
        ("mean", np.full(18, np.nan), "mean: finite numbers"),
        ("grid.counts", np.zeros(16), "grid.counts: integers, not float64"),
        ("scaling.low", np.full(3, 1e9), "low, high: "),
        ("fitted.rms", np.zeros(2), r"rms: \(d,\) of finite numbers"),
        ("directions", np.zeros((16, 17)), r"directions: \(16, 18\)"),
    ],
)
def test_another_file_is_refused_in_one_line(saved, key, value, words):
    path, arrays = saved
    arrays |= {key: value}
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(ValueError, match=rf"^{path}: [^\n]*{words}[^\n]*$"):
        tk.load(path)


def test_no_pickle_is_loaded(tmp_path):
    np.savez(tmp_path / "q.npz", format=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="no npz file of plain arrays: "):
        tk.load(tmp_path / "q.npz")
    (tmp_path / "text.npz").write_text("nothing")
    with pytest.raises(ValueError, match="no npz file of plain arrays: "):
        tk.load(tmp_path / "text.npz")
    with pytest.raises(FileNotFoundError):
        tk.load(tmp_path / "none.npz")


def test_a_file_has_a_name_for_npz_and_a_tokenizer_was_fitted(chunks, tmp_path):
    q = tk.fit("ordered DCT", chunks, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"a name that ends with \.npz"):
        tk.save(q, tmp_path / "q.json")
    with pytest.raises(ValueError, match="tokenizer: one made by fit"):
        tk.save(type(q)(q.h, q.scaling, q.mean, q.grid, q.kept), tmp_path / "q.npz")


def test_merges_that_are_none_are_refused(chunks, tmp_path):
    path = tmp_path / "q.npz"
    tk.save(tk.fit("FAST", chunks, np.random.default_rng(0)), path)
    with np.load(path) as file:
        arrays = dict(file)
    for bad, words in ((arrays["merges"][:, :1], "numbers of tokens"), (arrays["merges"] + 9999, "each of earlier tokens")):
        np.savez(path, **(arrays | {"merges": bad}))
        with pytest.raises(ValueError, match=f"^{path}: merges: .*{words}"):
            tk.load(path)
