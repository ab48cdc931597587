"""The post as published: torchvision's FashionMNIST, read image by image through a DataLoader, in one process."""

import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

import command

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
    command.fail("The PyTorch peer", error)

import fashion_mnist_files
import post


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
    args = command.parser(__doc__).parse_args()
    train_iter, test_iter = load_data_fashion_mnist(256, args.data)
    epochs = post.train(train_iter, test_iter, *post.init_params(28 * 28, 10, 256), args.epochs, command.LR)
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    command.show(args, {"versions": versions, "device": "cpu", "threads": torch.get_num_threads()}, epochs)
