"""Data sets of every format, written from episodes: lists of (actions (T, da), states (T, dx))."""

import json
import struct
import zipfile

import numpy as np
from parquet_files import parquet

from qbc.datasets.tfrecord import masked_crc


def lines(path, objects):
    path.write_text("".join(json.dumps(o) + "\n" for o in objects), "utf8")


def features(episodes, names=None):
    (u, x), text = episodes[0], {"dtype": "float32", "names": names}
    return {"action": {**text, "shape": [u.shape[1]]}, "observation.state": {"dtype": "float32", "names": None, "shape": [x.shape[1]]}}


def stats(rows, quantiles=()):
    found = {"min": rows.min(0), "max": rows.max(0), "mean": rows.mean(0), "std": rows.std(0)}
    found |= {f"q{q:02d}": np.quantile(rows, q / 100, axis=0) for q in quantiles}
    return {k: v.tolist() for k, v in found.items()} | {"count": [len(rows)]}


def columns(episodes, first=0):
    lengths = [len(u) for u, _ in episodes]
    return {
        "action": np.concatenate([u for u, _ in episodes]),
        "observation.state": np.concatenate([x for _, x in episodes]),
        "episode_index": first + np.repeat(np.arange(len(episodes)), lengths),
        "frame_index": np.concatenate([np.arange(n) for n in lengths]),
    }


def lerobot(path, episodes, version="v2.1", *, names=None, per_file=2, **cut):
    """A LeRobot data set; v3.0 has ``per_file`` episodes a file."""
    meta, n = path / "meta", len(episodes)
    meta.mkdir(parents=True)
    frames = sum(len(u) for u, _ in episodes)
    info = {"codebase_version": version, "fps": 30, "features": features(episodes, names), "total_episodes": n, "total_frames": frames}
    (meta / "info.json").write_text(json.dumps(info), "utf8")
    u, x = (np.concatenate([e[i] for e in episodes]) for i in (0, 1))
    if version != "v2.1":
        whole = {"action": stats(u, (1, 10, 50, 98)), "observation.state": stats(x)}
        (meta / "stats.json").write_text(json.dumps(whole), "utf8")
    else:
        each = [{"action": stats(u), "observation.state": stats(x)} for u, x in episodes]
        lines(meta / "episodes_stats.jsonl", [{"episode_index": i, "stats": s} for i, s in enumerate(each)])
    if version == "v3.0":
        data, about = path / "data" / "chunk-000", meta / "episodes" / "chunk-000"
        data.mkdir(parents=True)
        about.mkdir(parents=True)
        for f in range(0, n, per_file):
            parquet(data / f"file-{f // per_file:03d}.parquet", columns(episodes[f : f + per_file], f), **cut)
        table = {"episode_index": np.arange(n), "length": np.array([len(u) for u, _ in episodes])}
        table |= {"data/chunk_index": np.zeros(n, dtype="i8"), "data/file_index": np.arange(n) // per_file}
        parquet(about / "file-000.parquet", table)
    else:
        lines(meta / "episodes.jsonl", [{"episode_index": i, "tasks": ["x"], "length": len(u)} for i, (u, _) in enumerate(episodes)])
        data = path / "data" / "chunk-000"
        data.mkdir(parents=True)
        for i, e in enumerate(episodes):
            parquet(data / f"episode_{i:06d}.parquet", columns([e], i), **cut)
    return path


def robomimic(path, episodes):
    import h5py

    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        for i, (u, x) in enumerate(episodes):
            demo = data.create_group(f"demo_{i}")
            demo.attrs["num_samples"] = len(u)
            demo["actions"], demo["obs/eef"], demo["obs/image"] = u, x, np.zeros((len(u), 2, 2, 3), np.uint8)
            demo["states"] = np.zeros((len(u), 5))
    return path


def aloha(path, episodes):
    import h5py

    path.mkdir()
    for i, (u, x) in enumerate(episodes):
        with h5py.File(path / f"episode_{i}.hdf5", "w") as file:
            file.attrs["sim"] = True
            file["action"], file["observations/qpos"], file["observations/qvel"] = u, x, x
    return path


def chunk(data, compressor):
    import blosc
    import cramjam

    if compressor is None:
        return data, None
    if compressor == "blosc":
        return blosc.compress(data, 4, 5, 2, "zstd"), {"id": "blosc", "cname": "zstd"}
    if compressor == "zlib":
        return bytes(cramjam.zlib.compress(data)), {"id": "zlib", "level": 1}
    if compressor == "lz4":
        return struct.pack("<i", len(data)) + bytes(cramjam.lz4.compress_block(data, store_size=False)), {"id": "lz4"}
    return bytes(cramjam.zstd.compress(data)), {"id": "zstd", "level": 1}


def array(files, key, rows, tall, compressor, order="C"):
    """The files of one array, in chunks of ``tall`` rows, the last one padded."""
    for i in range(-(-len(rows) // tall)):
        padded = np.zeros((tall, *rows.shape[1:]), rows.dtype)
        part = rows[i * tall : (i + 1) * tall]
        padded[: len(part)] = part
        name = f"{key}/{i}" + ".0" * (rows.ndim - 1)
        files[name], about = chunk(padded.tobytes(order=order), compressor)
    text = {"zarr_format": 2, "shape": list(rows.shape), "chunks": [tall, *rows.shape[1:]], "dtype": rows.dtype.str, "fill_value": 0}
    files[f"{key}/.zarray"] = json.dumps(text | {"compressor": about, "filters": None, "order": order}).encode()


def zarr(path, episodes, *, tall=7, compressor="blosc", order="C"):
    """A store in a folder, or in a zip file if that is what the path is called."""
    files = {".zgroup": b'{"zarr_format": 2}'}
    array(files, "data/action", np.concatenate([u for u, _ in episodes]), tall, compressor, order)
    array(files, "data/state", np.concatenate([x for _, x in episodes]), tall + 2, compressor, order)
    array(files, "meta/episode_ends", np.cumsum([len(u) for u, _ in episodes]), 3, compressor)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return path
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def message(*fields):
    """A protobuf message of fields of bytes: (number, bytes)."""
    out = b""
    for number, data in fields:
        n, size = len(data), b""
        while n > 127:
            size, n = size + bytes([n & 127 | 128]), n >> 7
        out += bytes([number << 3 | 2]) + size + bytes([n]) + data
    return out


def record(found):
    """A record: an example with features of floats, bytes or whole numbers below 128."""
    items = []
    for name, v in found.items():
        body = message((1, message((1, v)))) if isinstance(v, bytes) else message((2, message((1, v.astype("<f4").tobytes()))))
        items.append((1, message((1, name.encode()), (2, body))))
    data = message((1, message(*items)))
    size = struct.pack("<Q", len(data))
    return size + struct.pack("<I", masked_crc(size)) + data + bytes(4)


def rlds(path, episodes):
    path.mkdir()

    def tensor(n):
        return {"tensor": {"shape": {"dimensions": [str(n)]}, "dtype": "float32"}}

    (u, x) = episodes[0]
    observation = {"featuresDict": {"features": {"state": tensor(x.shape[1]), "image": {"image": {}}}}}
    step = {"featuresDict": {"features": {"action": tensor(u.shape[1]), "observation": observation}}}
    tree = {"featuresDict": {"features": {"steps": {"sequence": {"feature": step}}}}}
    (path / "features.json").write_text(json.dumps(tree), "utf8")
    half = max(1, len(episodes) // 2)
    for i, part in enumerate((episodes[:half], episodes[half:])):
        found = [{"steps/action": u, "steps/observation/image": b"\x89" * 300, "steps/observation/state": x} for u, x in part]
        (path / f"d-train.tfrecord-0000{i}-of-00002").write_bytes(b"".join(map(record, found)) or b"")
    if len(episodes) == 1:
        (path / "d-train.tfrecord-00001-of-00002").unlink()
    return path


def npz(path, episodes):
    u, x = (np.concatenate([e[i] for e in episodes]) for i in (0, 1))
    np.savez_compressed(path, actions=u, states=x, episode_ends=np.cumsum([len(u) for u, _ in episodes]))
    return path


def table(path, episodes):
    (u, x), rows = episodes[0], []
    rows.append(["episode_index", *(f"action.{i}" for i in range(u.shape[1])), *(f"state.{i}" for i in range(x.shape[1]))])
    for i, (u, x) in enumerate(episodes):
        rows += [[i, *map(repr, map(float, a)), *map(repr, map(float, s))] for a, s in zip(u, x, strict=True)]
    path.write_text("\n".join(",".join(map(str, r)) for r in rows) + "\n", "utf8")
    return path


WRITERS = {
    "LeRobot v2.0": lambda at, e: lerobot(at / "d", e, "v2.0"),
    "LeRobot v2.1": lambda at, e: lerobot(at / "d", e, "v2.1", codec="snappy"),
    "LeRobot v3.0": lambda at, e: lerobot(at / "d", e, "v3.0", group=5, pages=3, codec="zstd"),
    "robomimic HDF5": lambda at, e: robomimic(at / "d.hdf5", e),
    "ALOHA HDF5": lambda at, e: aloha(at / "d", e),
    "Diffusion Policy zarr": lambda at, e: zarr(at / "d.zarr", e),
    "Diffusion Policy zarr, zipped": lambda at, e: zarr(at / "d.zarr.zip", e, compressor="zlib", order="F"),
    "RLDS TFRecord": lambda at, e: rlds(at / "d", e),
    "npz": lambda at, e: npz(at / "d.npz", e),
    "csv": lambda at, e: table(at / "d.csv", e),
}


def episodes(rng, lengths, da=3, dx=2):
    """Single precision, which every format keeps exactly."""
    return [(rng.normal(size=(n, da)).astype("f4"), rng.normal(size=(n, dx)).astype("f4")) for n in lengths]
