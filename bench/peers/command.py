"""The command line of both peers: `--data DIR --epochs N --json`."""

import argparse
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from post import Batches, init_params, train

BATCH_SIZE = 256
LR = 0.1
DATA = Path(__file__).resolve().parents[2] / "datasets" / "fashion-mnist"


def run(description: str, load_data: Callable[[int, Path], tuple[Batches, Batches]]) -> None:
    """Trains the post's network on what `load_data(batch_size, folder)` returns and prints a line per epoch.

    With --json: {"epoch","loss","testAccuracy","seconds"} per epoch, then {"peakRssBytes"}.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the four IDX files, gzipped or not")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    args = parser.parse_args()

    W1, b1, W2, b2 = init_params(28 * 28, 10, 256)
    train_iter, test_iter = load_data(BATCH_SIZE, args.data)
    for epoch, loss, test_accuracy, seconds in train(train_iter, test_iter, W1, b1, W2, b2, args.epochs, LR):
        if args.json:
            line = {"epoch": epoch, "loss": loss, "testAccuracy": test_accuracy, "seconds": seconds}
            print(json.dumps(line), flush=True)
        else:
            print(f"Epoch {epoch}, Loss: {loss:.4f}, Test Accuracy: {test_accuracy:.4f}  {seconds:.2f} s", flush=True)
    peak = peak_rss_bytes()
    print(json.dumps({"peakRssBytes": peak}) if args.json else f"Peak memory {peak / 1e6:.0f} MB")


def peak_rss_bytes() -> int:
    """The largest resident size this program had.

    Linux's ru_maxrss also counts the process that started this one, up to the moment of exec; VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
