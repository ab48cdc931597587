"""The four IDX files of Fashion-MNIST in a folder, gzipped or not."""

import gzip
import shutil
import sys
from pathlib import Path

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def find(folder: Path, name: str) -> Path:
    """The file itself, or its gzipped form; ends the script with 3 (handgrad's code for data) when there is neither."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    print(
        f"{folder} holds no {name}, gzipped or not: run `handgrad download` or name the folder with --data.",
        file=sys.stderr,
    )
    sys.exit(3)


def arrange(folder: Path, root: Path) -> None:
    """Lays the files out below `root` where torchvision looks for them: `<root>/FashionMNIST/raw/`."""
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in NAMES:
        path = find(folder, name)
        if path.suffix == ".gz":
            with gzip.open(path) as packed, open(raw / name, "wb") as plain:
                shutil.copyfileobj(packed, plain)
        else:
            (raw / name).symlink_to(path.resolve())


def read_split(folder: Path, part: str) -> tuple[memoryview, memoryview]:
    """The bytes of the images (784 each) and of the labels (one each) of `part`: "train" or "t10k"."""
    labels = read_idx(find(folder, f"{part}-labels-idx1-ubyte"), magic=2049, header=8)
    images = read_idx(find(folder, f"{part}-images-idx3-ubyte"), magic=2051, header=16)
    return images, labels


def read_idx(path: Path, magic: int, header: int) -> memoryview:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        content = bytearray(file.read())
    if int.from_bytes(content[:4], "big") != magic:
        print(
            f"{path} is not an IDX file of this kind (its magic number is not {magic}): download it again.",
            file=sys.stderr,
        )
        sys.exit(3)
    return memoryview(content)[header:]
