"""The post's code on tensors held in memory: float32 images, a fresh random order per epoch, batches by index."""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.dont_write_bytecode = True

try:
    import torch
except ImportError as error:
    install = f"{sys.executable} -m pip install -r bench/peers/requirements.txt"
    print(f"The PyTorch peer cannot run ({error}): {install}", file=sys.stderr)
    sys.exit(4)

import command
import fashion_mnist_files


class InMemory:
    """Batches of images and labels that are resident as tensors; stands where the post has a DataLoader."""

    def __init__(self, folder: Path, part: str, batch_size: int, shuffle: bool):
        images, self.y = fashion_mnist_files.read_split(folder, part)
        self.X = images.float() / 255
        self.batch_size = batch_size
        self.shuffle = shuffle

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        n = len(self.y)
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        for rows in order.split(self.batch_size):
            yield self.X[rows], self.y[rows]


def load_data_fashion_mnist(batch_size: int, folder: Path) -> tuple[InMemory, InMemory]:
    return InMemory(folder, "train", batch_size, shuffle=True), InMemory(folder, "t10k", batch_size, shuffle=False)


if __name__ == "__main__":
    command.run(__doc__, load_data_fashion_mnist, any_size=True)
