#!/usr/bin/env python3
"""Draws the ten digits of a pocket calculator as grey PNG files of 8 x 8 pixels with some noise, 40 of each, and one
file that ends too early: draw_digits.py FOLDER."""

import random
import struct
import sys
import zlib
from pathlib import Path

# The pixels of each segment, (row, column).
SEGMENTS = {"top": [(1, x) for x in (2, 3, 4, 5)], "middle": [(3, x) for x in (2, 3, 4, 5)],
            "bottom": [(6, x) for x in (2, 3, 4, 5)], "upper left": [(1, 2), (2, 2), (3, 2)],
            "upper right": [(1, 5), (2, 5), (3, 5)], "lower left": [(4, 2), (5, 2), (6, 2)],
            "lower right": [(4, 5), (5, 5), (6, 5)]}
WITHOUT = ({"middle"}, {"top", "middle", "bottom", "upper left", "lower left"}, {"upper left", "lower right"},
           {"upper left", "lower left"}, {"top", "bottom", "lower left"}, {"upper right", "lower left"}, {"upper right"},
           {"middle", "bottom", "upper left", "lower left"}, set(), {"lower left"})


def picture(digit, chance):
    pixels = [[chance.randrange(60) for _ in range(8)] for _ in range(8)]
    for name, places in SEGMENTS.items():
        for y, x in places if name not in WITHOUT[digit] else ():
            pixels[y][x] = 180 + chance.randrange(76)
    return pixels


def png(pixels):
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(row) for row in pixels)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks)


def main():
    chance = random.Random(5)
    for digit in range(10):
        folder = Path(sys.argv[1]) / str(digit)
        folder.mkdir(parents=True)
        for number in range(40):
            (folder / f"{number}.png").write_bytes(png(picture(digit, chance)))
    (Path(sys.argv[1]) / "3" / "cut.png").write_bytes(png(picture(3, chance))[:60])


if __name__ == "__main__":
    main()
