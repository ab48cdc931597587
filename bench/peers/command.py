"""The command line of both peers: `--data DIR --epochs N --json`, and for one of them the size of the network."""

import argparse
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import deep
import post

LR = 0.1
DATA = Path(__file__).resolve().parents[2] / "datasets" / "fashion-mnist"


def run(
    description: str, load_data: Callable[[int, Path], tuple[post.Batches, post.Batches]], any_size: bool = False
) -> None:
    """Trains the post's network on what `load_data(batch_size, folder)` returns and prints a line per epoch.

    With `any_size` there are flags for the batch size and for the widths of the hidden layers.

    With --json: {"epoch","loss","testAccuracy","seconds"} per epoch, then {"peakRssBytes"}.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the four IDX files, gzipped or not")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    if any_size:
        parser.add_argument("--batch-size", type=int)
        parser.add_argument("--hidden", type=lambda text: [int(width) for width in text.split(",")])
    parser.set_defaults(batch_size=256, hidden=[256])
    args = parser.parse_args()

    train_iter, test_iter = load_data(args.batch_size, args.data)
    if len(args.hidden) == 1:
        params = post.init_params(28 * 28, 10, args.hidden[0])
        epochs = post.train(train_iter, test_iter, *params, args.epochs, LR)
    else:
        epochs = deep.train(train_iter, test_iter, deep.init_params(28 * 28, 10, args.hidden), args.epochs, LR)
    for epoch, loss, test_accuracy, seconds in epochs:
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
