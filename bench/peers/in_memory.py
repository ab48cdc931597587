"""Fashion-MNIST as tensors of PyTorch that stay where the network computes."""

from collections.abc import Iterator
from pathlib import Path

import torch

import fashion_mnist_files


def read_split(folder: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (uint8, [n, 784]) and labels (int64, [n]) of `part`: "train" or "t10k"."""
    images, labels = (
        torch.frombuffer(values, dtype=torch.uint8) for values in fashion_mnist_files.read_split(folder, part)
    )
    return images.reshape(len(labels), -1), labels.long()


class InMemory:
    """Batches of images and labels that are resident as tensors; stands where the post has a DataLoader."""

    def __init__(self, folder: Path, part: str, batch_size: int, shuffle: bool, device: str = "cpu"):
        images, labels = read_split(folder, part)
        self.X = images.to(device).float() / 255
        self.y = labels.to(device)
        self.batch_size = batch_size
        self.shuffle = shuffle

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        n, device = len(self.y), self.y.device
        order = torch.randperm(n, device=device) if self.shuffle else torch.arange(n, device=device)
        for rows in order.split(self.batch_size):
            yield self.X[rows], self.y[rows]

    def shapes(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """A batch of each size that there is: a full one and, where the last is smaller, one like it."""
        sizes = {min(self.batch_size, len(self.y)), len(self.y) % self.batch_size} - {0}
        return [(self.X[:size], self.y[:size]) for size in sorted(sizes, reverse=True)]
