"""What tests of `embark train` give it and read of it."""

import json
import re
import struct
from pathlib import Path

TIMES = re.compile("seconds")


def ratings_text(users, items):
    """A CSV file in which most users rated most items."""
    rows = ["user,item,rating"]
    for user in range(users):
        for item in range(items):
            if (user * 7 + item * 3) % 5:
                rows.append(f"u{user},Film {item},{1 + (user * item + item) % 5}")
    return "\n".join(rows) + "\n"


def without_times(values):
    return {name: value for name, value in values.items() if not TIMES.search(name)}


def read_safetensors(file):
    """The texts of a safetensors file and its tensors (type, shape, bytes), by name, without those that are times."""
    content = Path(file).read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + size])
    texts, tensors = header.pop("__metadata__"), {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = (entry["dtype"], entry["shape"], content[8 + size + begin:8 + size + end])
    return without_times(texts), without_times(tensors)
