#!/usr/bin/env python3
"""Writes scikit-learn's handwritten digits as PNG files, a folder for each digit: FOLDER/0/0.png, …

    python digits.py FOLDER             needs scikit-learn and pillow"""

import sys
from pathlib import Path

from PIL import Image
from sklearn.datasets import load_digits


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    digits = load_digits()
    # The pixels are from 0 to 16.
    for number, (pixels, digit) in enumerate(zip(digits.images, digits.target)):
        folder = Path(sys.argv[1]) / str(digit)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 255 / 16).round().astype("uint8")).save(folder / f"{number}.png")


if __name__ == "__main__":
    main()
