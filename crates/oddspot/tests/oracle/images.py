"""Writes tests/fixtures/images: odd image files and the pixels that they must decode to.

Pillow writes and reads the files, except for 16-bit PNG, which it reads at 8 bits: those are
written byte by byte here, and their expected pixels follow from the samples that were written.
The rules: grey is replicated, alpha composited on black, 16 bits scaled to 8 and rounded, EXIF
orientation applied.

Run from anywhere: python images.py   (needs pillow, numpy, tifffile)
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent.parent / "fixtures" / "images"
WIDTH, HEIGHT = 12, 8
expected = {}


def ramp(channels, top=255):
    """A smooth picture without symmetry, [HEIGHT, WIDTH, channels]."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [x / (WIDTH - 1), y / (HEIGHT - 1), (2 * x + y) / (2 * WIDTH + HEIGHT), 1 - 0.7 * x / WIDTH]
    if channels == 2:
        planes = [planes[0], planes[3]]
    return np.stack([np.rint(p * top) for p in planes[:channels]], -1).astype(np.uint8 if top == 255 else np.uint16)


def on_black(samples, top):
    """8-bit RGB of grey, grey+alpha, RGB or RGBA samples: alpha on black, rounded once."""
    samples = samples.astype(np.float64)
    colours = samples[..., : 1 if samples.shape[-1] < 3 else 3]
    alpha = samples[..., -1:] / top if samples.shape[-1] in (2, 4) else 1.0
    return np.broadcast_to(np.floor(colours * alpha * 255 / top + 0.5), (*samples.shape[:2], 3)).astype(int)


def expect(name, rgb, tolerance=0):
    rgb = np.asarray(rgb, dtype=int)
    expected[name] = {
        "width": rgb.shape[1],
        "height": rgb.shape[0],
        "tolerance": tolerance,
        "rgb": bytes(rgb.reshape(-1).tolist()).hex(),
    }


def pillow(name):
    """What Pillow reads from a file, by the rules above."""
    image = ImageOps.exif_transpose(Image.open(HERE / name))
    if image.mode in ("LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "RGBA":
        return on_black(np.asarray(image), 255)
    return np.asarray(image.convert("RGB"))


def save(name, image, tolerance=0, **options):
    image.save(HERE / name, **options)
    expect(name, pillow(name), tolerance)


def png(name, samples, colour, depth, top):
    """A PNG of raw samples, without a filter."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    (HERE / name).write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    expect(name, on_black(samples, top))


def jpegs():
    rgb = Image.fromarray(ramp(3))
    best = {"quality": 95, "subsampling": 0}
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"exif_{orientation}.jpg", rgb, 3, exif=exif, **best)
    save("progressive.jpg", rgb, 3, progressive=True, **best)
    save("subsampled.jpg", rgb, 12, quality=95, subsampling=2)
    save("restart.jpg", rgb, 3, restart_marker_blocks=1, **best)
    save("rgb_adobe.jpg", rgb, 3, keep_rgb=True, quality=95)
    save("grey.jpg", Image.fromarray(ramp(1)[..., 0]), 3, quality=95)
    save("cmyk_adobe_inverted.jpg", Image.fromarray(ramp(4), "CMYK"), 4, quality=95)
    body = (HERE / "cmyk_adobe_inverted.jpg").read_bytes()
    start = body.index(b"\xff\xee")
    end = start + 2 + struct.unpack(">H", body[start + 2 : start + 4])[0]
    (HERE / "cmyk_unmarked.jpg").write_bytes(body[:start] + body[end:])
    expect("cmyk_unmarked.jpg", pillow("cmyk_unmarked.jpg"), 4)


def pngs():
    png("grey_16.png", ramp(1, 65535), 0, 16, 65535)
    png("grey_alpha_16.png", ramp(2, 65535), 4, 16, 65535)
    png("rgb_16.png", ramp(3, 65535), 2, 16, 65535)
    png("rgba_16.png", ramp(4, 65535), 6, 16, 65535)
    png("grey_alpha.png", ramp(2), 4, 8, 255)
    png("rgba.png", ramp(4), 6, 8, 255)
    save("bilevel.png", Image.fromarray(ramp(1)[..., 0] > 90))
    palette = Image.fromarray(ramp(3)).quantize(16)
    save("palette.png", palette)
    save("palette_transparent.png", palette, transparency=3)
    exif = Image.Exif()
    exif[0x0112] = 6
    save("exif_6.png", Image.fromarray(ramp(3)), exif=exif)


def tiffs():
    rgb = Image.fromarray(ramp(3))
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "packbits"):
        save(f"{compression}.tif", rgb, compression=compression)
    save("group4.tif", Image.fromarray(ramp(1)[..., 0] > 90), compression="group4")
    save("orientation_6.tif", rgb, tiffinfo={0x0112: 6})
    save("cmyk.tif", Image.fromarray(ramp(4), "CMYK"), 1)

    def write(name, samples, top, **options):
        tifffile.imwrite(HERE / name, samples, metadata=None, **options)
        if top:
            expect(name, on_black(samples if samples.ndim == 3 else samples[..., None], top))

    write("grey_16_big_endian.tif", ramp(1, 65535)[..., 0], 65535, byteorder=">")
    write("rgb_16.tif", ramp(3, 65535), 65535, photometric="rgb")
    write("rgba.tif", ramp(4), 255, photometric="rgb", extrasamples=["unassalpha"])
    write("tiled.tif", ramp(3), 255, photometric="rgb", tile=(16, 16), compression="deflate")
    write("float_grey.tif", ramp(1)[..., 0].astype(np.float32) / 255, None)
    write("float_rgb.tif", ramp(3).astype(np.float32) / 255, None, photometric="rgb")
    planar = np.moveaxis(ramp(3), -1, 0)
    tifffile.imwrite(HERE / "planar.tif", planar, photometric="rgb", planarconfig="separate", metadata=None)
    expect("planar.tif", ramp(3))
    Image.fromarray(ramp(3)).quantize(4).save(HERE / "palette.tif")


def others():
    rgb, rgba = Image.fromarray(ramp(3)), Image.fromarray(ramp(4))
    save("rgb.bmp", rgb)
    save("palette.bmp", rgb.quantize(16))
    save("bilevel.bmp", Image.fromarray(ramp(1)[..., 0] > 90))
    save("lossless.webp", rgba, lossless=True, exact=True)
    save("lossy.webp", rgb, 8, quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6
    save("exif_6.webp", rgb, lossless=True, exif=exif)
    rgb.save(HERE / "unsupported.gif")


def resized():
    """Pillow's own bilinear resize of pictures given by a formula (see image_files.rs)."""
    for (width, height), size in [
        ((97, 61), (32, 32)),
        ((97, 61), (48, 16)),
        ((97, 61), (13, 7)),
        ((97, 61), (97, 11)),
        ((23, 15), (31, 20)),
        ((23, 15), (11, 33)),
    ]:
        y, x, c = np.mgrid[0:height, 0:width, 0:3]
        source = Image.fromarray(((x * x * 3 + y * 11 + x * y + c * 85) % 256).astype(np.uint8))
        name = f"resize_{width}x{height}_to_{size[0]}x{size[1]}.png"
        source.resize(size, Image.Resampling.BILINEAR).save(HERE / name, optimize=True)


if __name__ == "__main__":
    HERE.mkdir(parents=True, exist_ok=True)
    jpegs()
    pngs()
    tiffs()
    others()
    resized()
    lines = ",\n".join(f'"{k}": {json.dumps(v, separators=(",", ":"))}' for k, v in sorted(expected.items()))
    (HERE / "expected.json").write_text("{\n" + lines + "\n}\n")
