"""The post as published: torchvision's FashionMNIST, read image by image through a DataLoader, in one process."""

import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

try:
    import torch

    # torchvision registers shape rules for its compiled operators when it is imported, and a build of it that does not
    # fit this torch (one for CUDA beside a CPU torch) has no such operators and fails there. No operator is used here.
    register_fake = torch.library.register_fake
    torch.library.register_fake = lambda *_args, **_options: lambda rule: rule
    import torchvision
    from torchvision import transforms
    from torch.utils import data

    torch.library.register_fake = register_fake
except ImportError as error:
    install = f"{sys.executable} -m pip install -r bench/peers/requirements.txt"
    print(f"The PyTorch peer cannot run ({error}): {install}", file=sys.stderr)
    sys.exit(4)

import command
import fashion_mnist_files


def load_data_fashion_mnist(batch_size: int, folder: Path) -> tuple[data.DataLoader, data.DataLoader]:
    """The post's, but for where the files come from: they are in `folder` and not downloaded."""
    with tempfile.TemporaryDirectory() as root:
        fashion_mnist_files.arrange(folder, Path(root))
        trans = transforms.ToTensor()
        mnist_train = torchvision.datasets.FashionMNIST(root=root, train=True, transform=trans)
        mnist_test = torchvision.datasets.FashionMNIST(root=root, train=False, transform=trans)
    train_iter = data.DataLoader(mnist_train, batch_size=batch_size, shuffle=True)
    test_iter = data.DataLoader(mnist_test, batch_size=batch_size, shuffle=False)
    return train_iter, test_iter


if __name__ == "__main__":
    command.run(__doc__, load_data_fashion_mnist)
