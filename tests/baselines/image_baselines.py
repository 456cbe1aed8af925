"""Picture files of every kind, and PIL's pixels of them. make_baselines.py says what to do with these."""

import io
import struct
import zlib

import numpy
import torch
from PIL import Image, ImageOps

HEIGHT, WIDTH = 9, 13
ORIENTATION = 0x0112
# (first column, step, first row, step) of each pass of an interlaced PNG.
ADAM7 = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))


def images():
    """PNG and JPEG files, and what PIL makes of them: convert("RGB"), convert("L"), and resized."""
    random = numpy.random.default_rng(19)
    noise = {channels: random.integers(0, 256, (HEIGHT, WIDTH, channels), dtype=numpy.uint8)
             for channels in (1, 2, 3, 4)}
    rgb = Image.fromarray(noise[3])
    grey = Image.fromarray(noise[1][:, :, 0])
    files = {
        "grey.png": saved(grey),
        "grey_alpha.png": saved(Image.fromarray(noise[2])),
        "rgb.png": saved(rgb),
        "rgba.png": saved(Image.fromarray(noise[4])),
        "palette.png": saved(rgb.quantize(17)),
        "palette_transparent.png": saved(rgb.quantize(17), transparency=3),
        "one_bit.png": saved(grey.convert("1")),
        "two_bits.png": png(noise[1] // 64, color=0, depth=2),
        "four_bits.png": png(noise[1] // 16, color=0, depth=4),
        "interlaced.png": png(noise[3], color=2, depth=8, interlaced=True),
        "interlaced_grey_alpha.png": png(noise[2], color=4, depth=8, interlaced=True),
        "gamma.png": png(noise[3], color=2, depth=8, extra=chunk(b"gAMA", struct.pack(">I", 100000))),
    }
    smooth = Image.fromarray(smooth_colors(random))
    files |= {
        "grey.jpg": saved(smooth.convert("L"), "JPEG"),
        "rgb.jpg": saved(smooth, "JPEG", quality=90),
        "whole_chroma.jpg": saved(smooth, "JPEG", quality=90, subsampling=0),
        "progressive.jpg": saved(smooth, "JPEG", progressive=True),
        "cmyk.jpg": saved(smooth.convert("CMYK"), "JPEG", quality=95),
    }
    exif = Image.Exif()
    for orientation in range(1, 9):
        exif[ORIENTATION] = orientation
        files[f"orientation_{orientation}.png"] = saved(rgb, exif=exif)
        files[f"orientation_{orientation}.jpg"] = saved(smooth, "JPEG", exif=exif)

    tensors = {}
    for name, content in files.items():
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
        tensors |= {f"{name}.content": torch.tensor(list(content), dtype=torch.uint8),
                    f"{name}.rgb": pixels(picture.convert("RGB")),
                    f"{name}.grey": pixels(picture.convert("L")),
                    f"{name}.resized": pixels(picture.convert("RGB").resize((6, 7), Image.Resampling.BILINEAR))}
    # What a mask's pixels are: places in a palette or grey values, as they stand in the file.
    stored = {"grey.png": noise[1], "grey_alpha.png": noise[2][:, :, :1], "two_bits.png": noise[1] // 64,
              "four_bits.png": noise[1] // 16}
    stored |= {name: numpy.asarray(Image.open(io.BytesIO(files[name])))[:, :, None].astype(numpy.uint8)
               for name in ("palette.png", "palette_transparent.png", "one_bit.png")}
    for name, values in stored.items():
        tensors[f"{name}.stored"] = torch.tensor(values[:, :, 0])
        tensors[f"{name}.nearest"] = torch.tensor(numpy.asarray(
            Image.fromarray(values[:, :, 0]).resize((6, 7), Image.Resampling.NEAREST)))
    wide = random.integers(0, 65536, (HEIGHT, WIDTH, 3), dtype=numpy.uint16)
    for name, values, color in (("grey_16.png", wide[:, :, :1], 0), ("rgb_16.png", wide, 2)):
        tensors[f"{name}.content"] = torch.tensor(list(png(values, color=color, depth=16)), dtype=torch.uint8)
        tensors[f"{name}.values"] = torch.tensor(values.astype(numpy.int32)).permute(2, 0, 1)
    return tensors, {}


def smooth_colors(random):
    """What a JPEG file keeps well: large enough for several blocks, without hard edges."""
    corners = Image.fromarray(random.integers(0, 256, (3, 4, 3), dtype=numpy.uint8))
    return numpy.asarray(corners.resize((37, 29), Image.Resampling.BICUBIC))


def saved(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pixels(image):
    values = torch.tensor(numpy.asarray(image))
    return values.unsqueeze(0) if values.dim() == 2 else values.permute(2, 0, 1)


def png(values, color, depth, interlaced=False, extra=b""):
    """A PNG file of kinds that PIL does not write."""
    height, width, _ = values.shape
    parts = [values[top::down, left::right] for left, right, top, down in ADAM7] if interlaced else [values]
    rows = b"".join(b"\0" + packed(row, depth) for part in parts if part.size for row in part)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def packed(row, depth):
    if depth == 16:
        return row.astype(">u2").tobytes()
    bits = numpy.unpackbits(row.reshape(-1, 1).astype(numpy.uint8), axis=1)[:, 8 - depth:]
    return numpy.packbits(bits.reshape(-1)).tobytes()


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
