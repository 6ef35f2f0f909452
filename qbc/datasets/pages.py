"""Pages of a parquet file: bytes to levels and values.

Source: Apache Parquet, ``Encodings.md`` and ``parquet.thrift``. Numbers only. Every size that a page claims is checked before
anything is made of it, and nothing here reads past a buffer: a damaged page is an exception, not a crash.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qbc.datasets.thrift import Compact
from qbc.datasets.unreadable import Unknown, extra

Values = NDArray[Any]
PLAIN, PLAIN_DICTIONARY, RLE, RLE_DICTIONARY, SPLIT = 0, 2, 3, 8, 9
CODECS = {0: "none", 1: "snappy", 2: "gzip", 4: "brotli", 6: "zstd", 7: "lz4"}
LARGEST, MOST = 2**28, 2**25  # bytes and values of a page; writers aim at 2**20 bytes
BOOLEAN = np.dtype(np.bool_)


def inflated(data: bytes, codec: int, size: int) -> bytes:
    """``size`` bytes from a compressed page. Raises ``ValueError`` for another size or codec, and what the codec raises."""
    if not 0 <= size <= LARGEST:
        raise ValueError(f"a page of {size} bytes")
    if codec not in CODECS:
        raise Unknown(f"compression {codec}: write the file with snappy, zstd, gzip, brotli, lz4 or none")
    if codec == 0 or not size:
        out = data
    else:
        cramjam = extra("cramjam")
        room = bytearray(size)
        if CODECS[codec] == "snappy":
            n = cramjam.snappy.decompress_raw_into(data, room)
        elif CODECS[codec] == "lz4":
            n = cramjam.lz4.decompress_block_into(data, room)
        else:
            n = getattr(cramjam, CODECS[codec]).decompress_into(data, room)
        out = bytes(room[: int(n)])
    if len(out) != size:
        raise ValueError(f"a page of {len(out)} bytes that claims {size}")
    return out


def packed(data: bytes, width: int, count: int) -> Values:
    """``count`` integers of ``width`` bits each, least significant bit first; zeros where the bytes end early."""
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")[: count * width]
    rows = np.zeros((count, 32), dtype=np.uint8)
    rows[: len(bits) // width, :width] = bits[: len(bits) // width * width].reshape(-1, width)
    return np.packbits(rows, axis=1, bitorder="little").view("<u4").ravel().astype(np.int32)


@lru_cache(maxsize=16)
def hybrid(data: bytes, width: int, count: int) -> Values:
    """``count`` integers below 2^width, int32, of runs and bit-packed groups; the same levels come page after page, so they are kept.

    Raises ``ValueError`` where the bytes end before.
    """
    if not 0 <= width <= 31:
        raise ValueError(f"levels of {width} bits")
    reader, left, size, raw, stored = Compact(data), count, (width + 7) // 8, bytearray(), 0
    value: list[int] = []  # of a run; where a group's integers begin among all that are packed; runs are short and many,
    times: list[int] = []  # so they are gathered first and laid out together
    grouped: list[bool] = []
    while left > 0:
        header = reader.varint()
        n = min(8 * (header >> 1) if header & 1 else header >> 1, left)
        times.append(n)
        grouped.append(bool(header & 1))
        if header & 1:  # the last group may be cut short by a writer that knows the count
            group = reader.take(min((header >> 1) * width, len(data) - reader.at))
            if len(group) * 8 < n * width:
                raise ValueError("levels end early")
            value.append(stored)
            raw += group[: (n + 7) // 8 * width].ljust((n + 7) // 8 * width, b"\0")
            stored += (n + 7) // 8 * 8
        else:
            value.append(int.from_bytes(reader.take(size), "little") & 0x7FFFFFFF)
        left -= n
    first = np.repeat(np.array(value, dtype=np.int32), times)
    if not any(grouped):
        out = first
    else:
        begin = np.cumsum(times) - times
        within = np.arange(count) - np.repeat(begin, times)
        there = np.repeat(grouped, times)
        out = first.copy()
        out[there] = packed(bytes(raw), width, stored)[(first + within)[there]]
    out.setflags(write=False)
    return out


def plain(data: bytes, dtype: np.dtype[Any], count: int) -> Values:
    """``count`` numbers, one after the other."""
    if dtype == BOOLEAN:
        return packed(data[: (count + 7) // 8], 1, count).astype(np.bool_)
    if len(data) < count * dtype.itemsize:
        raise ValueError(f"{len(data)} bytes for {count} numbers of {dtype.itemsize}")
    return np.frombuffer(data, dtype=dtype, count=count)


def decoded(data: bytes, encoding: int, dtype: np.dtype[Any], count: int, dictionary: Values | None) -> Values:
    """``count`` values of a page's data."""
    if encoding == PLAIN:
        return plain(data, dtype, count)
    if encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY):
        if dictionary is None:
            raise ValueError("a page without its dictionary")
        if not count:
            return dictionary[:0]
        at = hybrid(data[1:], data[0], count)
        if at.max() >= len(dictionary):
            raise ValueError(f"entry {at.max()} of a dictionary of {len(dictionary)}")
        return dictionary[at]
    if encoding == RLE and dtype == BOOLEAN:
        return hybrid(data[4:], 1, count).astype(np.bool_)
    if encoding == SPLIT:
        if len(data) != count * dtype.itemsize:
            raise ValueError(f"{len(data)} bytes for {count} numbers of {dtype.itemsize}")
        return np.frombuffer(data, dtype=np.uint8).reshape(dtype.itemsize, count).T.copy().view(dtype).ravel()
    raise Unknown(f"encoding {encoding}: write the file with plain or dictionary encoding")


def bits(highest: int) -> int:
    """The width of levels up to ``highest``."""
    return highest.bit_length()


def data_page(
    header: dict[int, Any], data: bytes, codec: int, highest: tuple[int, int], dtype: np.dtype[Any], dictionary: Values | None
) -> tuple[Values, Values, Values]:
    """Repetition levels (n,), definition levels (n,) and the values that are there, of a data page of version 1 or 2."""
    second = header[1] == 3
    about = header[8 if second else 5]
    n = about[1]
    if not 0 <= n <= MOST:
        raise ValueError(f"a page of {n} values")
    levels = []
    if second:
        sizes = (about[6], about[5])
        if min(sizes) < 0 or sum(sizes) > len(data):
            raise ValueError("levels longer than their page")
        at = 0
        for top, size in zip(highest, sizes, strict=True):
            levels.append(hybrid(data[at : at + size], bits(top), n) if top else np.zeros(n, dtype=np.int32))
            at += size
        data = inflated(data[at:], codec if about.get(7, True) else 0, header[2] - at)
        encoding = about[4]
    else:
        data = inflated(data, codec, header[2])
        for top in highest:
            if not top:
                levels.append(np.zeros(n, dtype=np.int32))
                continue
            size = int.from_bytes(data[:4], "little")
            if size > len(data) - 4:
                raise ValueError("levels longer than their page")
            levels.append(hybrid(data[4 : 4 + size], bits(top), n))
            data = data[4 + size :]
        encoding = about[2]
    repetition, definition = levels
    return repetition, definition, decoded(data, encoding, dtype, int((definition == highest[1]).sum()), dictionary)
