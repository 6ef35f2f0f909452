"""A small writer of parquet: columns of numbers, scalars or lists, cut into row groups and pages as asked."""

import struct as packing

import numpy as np

I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12
TYPES = {"i4": 1, "i8": 2, "f4": 4, "f8": 5}
CODECS = {"none": 0, "snappy": 1, "zstd": 6}


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def encoded(kind, v):
    if kind in (I32, I64):
        return varint(v * 2 if v >= 0 else -2 * v - 1)
    if kind == BINARY:
        return varint(len(v.encode())) + v.encode()
    if kind == LIST:
        inner, items = v
        first = bytes([len(items) << 4 | inner]) if len(items) < 15 else bytes([0xF0 | inner]) + varint(len(items))
        return first + b"".join(encoded(inner, i) for i in items)
    return v  # a structure, encoded already


def structure(*fields):
    out, last = b"", 0
    for number, kind, v in fields:
        out, last = out + bytes([(number - last) << 4 | kind]) + encoded(kind, v), number
    return out + b"\x00"


def element(name, **fields):
    numbers = {"kind": 1, "repetition": 3, "children": 5, "converted": 6}
    out = [(numbers[k], I32, v) for k, v in fields.items()] + [(4, BINARY, name)]
    return structure(*sorted(out))


def compressed(data, codec):
    if codec == "none":
        return data
    import cramjam

    return bytes(cramjam.snappy.compress_raw(data) if codec == "snappy" else cramjam.zstd.compress(data))


def page(rows, codec):
    """A data page of rows (n,) or (n, d): levels of lists, then plain values."""
    data = b""
    if rows.ndim == 2:
        begins = np.ones(rows.shape, dtype=np.uint8)
        begins[:, :1] = 0
        packed = np.packbits(np.resize(np.append(begins.ravel(), [0] * 8), -(-rows.size // 8) * 8), bitorder="little").tobytes()
        repetition = varint(-(-rows.size // 8) << 1 | 1) + packed
        definition = varint(rows.size << 1) + b"\x03"
        data = b"".join(packing.pack("<i", len(x)) + x for x in (repetition, definition))
    data += rows.astype(rows.dtype.newbyteorder("<")).tobytes()
    out = compressed(data, codec)
    about = structure((1, I32, rows.size), (2, I32, 0), (3, I32, 3), (4, I32, 3))
    return structure((1, I32, 0), (2, I32, len(data)), (3, I32, len(out)), (5, STRUCT, about)) + out


def parquet(path, columns, *, group=10**9, pages=10**9, codec="none", repeat=1, finalized=True):
    """Columns, name to array (n,) or (n, d), in row groups of ``group`` rows and pages of ``pages``, each page ``repeat`` times."""
    n = len(next(iter(columns.values())))
    schema = [element("schema", children=len(columns))]
    paths = {}
    for name, rows in columns.items():
        kind = TYPES[rows.dtype.str[1:]]
        if rows.ndim == 1:
            schema.append(element(name, kind=kind, repetition=0))
            paths[name] = [name]
        else:
            schema.append(element(name, repetition=1, children=1, converted=3))
            schema += [element("list", repetition=2, children=1), element("element", kind=kind, repetition=1)]
            paths[name] = [name, "list", "element"]
    groups = []
    with path.open("wb") as file:
        file.write(b"PAR1")
        for a in range(0, n, group):
            chunks = []
            for name, rows in columns.items():
                start, rows = file.tell(), rows[a : a + group]
                for b in range(0, len(rows), pages):
                    one = page(rows[b : b + pages], codec)
                    for _ in range(repeat):
                        file.write(one)
                size = file.tell() - start
                kind, keys = TYPES[rows.dtype.str[1:]], (BINARY, paths[name])
                meta = [
                    (1, I32, kind),
                    (2, LIST, (I32, [0, 3])),
                    (3, LIST, keys),
                    (4, I32, CODECS[codec]),
                    (5, I64, rows.size * repeat),
                ]
                meta += [(6, I64, size), (7, I64, size), (9, I64, start)]
                chunks.append(structure((2, I64, start), (3, STRUCT, structure(*meta))))
            many = min(group, n - a) * repeat
            groups.append(structure((1, LIST, (STRUCT, chunks)), (2, I64, 0), (3, I64, many)))
        footer = structure((1, I32, 1), (2, LIST, (STRUCT, schema)), (3, I64, n * repeat), (4, LIST, (STRUCT, groups)))
        if finalized:
            file.write(footer + packing.pack("<i", len(footer)) + b"PAR1")
