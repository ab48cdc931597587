"""The post's network as scikit-learn's MLPClassifier: one `partial_fit` and one `predict` an epoch.

scikit-learn draws the first weights in its own way, its loss is the epoch's mean, and every call checks its input.
The rest is the post's: float32, the same widths, batches and learning rate, plain gradient descent without a penalty or
momentum, a new order in each epoch.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.dont_write_bytecode = True

import command

try:
    import numpy as np
    import sklearn
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_info
except ImportError as error:
    command.fail("The scikit-learn peer", error)

import fashion_mnist_files


def read_split(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    images, labels = (np.frombuffer(part, np.uint8) for part in fashion_mnist_files.read_split(folder, part))
    return images.reshape(len(labels), -1).astype(np.float32) / 255, labels


def train(
    X: np.ndarray,
    y: np.ndarray,
    test_X: np.ndarray,
    test_y: np.ndarray,
    hidden: list[int],
    batch_size: int,
    epochs: int,
) -> Iterator[command.Epoch]:
    model = MLPClassifier(
        hidden_layer_sizes=hidden,
        activation="relu",
        solver="sgd",
        learning_rate="constant",
        learning_rate_init=command.LR,
        momentum=0,
        nesterovs_momentum=False,
        alpha=0,
        batch_size=min(batch_size, len(y)),
        shuffle=True,
        random_state=0,
    )
    for epoch in range(epochs):
        started = time.perf_counter()
        model.partial_fit(X, y, classes=np.arange(10) if epoch == 0 else None)
        # All at once is faster here than in batches: every call checks its input.
        accuracy = float((model.predict(test_X) == test_y).mean())
        yield command.Epoch(epoch + 1, float(model.loss_), accuracy, time.perf_counter() - started)


if __name__ == "__main__":
    args = command.parser(__doc__, any_size=True).parse_args()
    X, y = read_split(args.data, "train")
    test_X, test_y = read_split(args.data, "t10k")
    products = [library for library in threadpool_info() if library["user_api"] == "blas"]
    about = {
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "device": "cpu",
        "threads": max((library["num_threads"] for library in products), default=1),
    }
    command.show(args, about, train(X, y, test_X, test_y, args.hidden, args.batch_size, args.epochs))
