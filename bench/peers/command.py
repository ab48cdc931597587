"""The command line that the Python peers share, and what they print."""

import argparse
import json
import os
import platform
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

LR = 0.1
DATA = Path(__file__).resolve().parents[2] / "datasets" / "fashion-mnist"


class Epoch(NamedTuple):
    epoch: int  # from 1
    loss: float  # of the last batch, which is what the post prints; scikit-learn knows only the mean over the epoch
    test_accuracy: float
    seconds: float  # of the whole epoch: training and evaluation


def parser(description: str, any_size: bool = False, devices: bool = False) -> argparse.ArgumentParser:
    """The flags of a peer: `any_size` for one that trains any network, `devices` for one that can compute on a GPU."""
    flags = argparse.ArgumentParser(description=description.split("\n")[0])
    flags.add_argument("--data", type=Path, default=DATA, help="folder of the four IDX files, gzipped or not")
    flags.add_argument("--epochs", type=int, default=10)
    add_output_flags(flags, devices)
    if any_size:
        flags.add_argument("--batch-size", type=int, default=256)
        flags.add_argument("--hidden", type=_integers, default=[256], help="widths of the hidden layers: 1024,1024")
    return flags


def add_output_flags(flags: argparse.ArgumentParser, devices: bool) -> None:
    flags.add_argument("--json", action="store_true", help="print JSON lines")
    if devices:
        flags.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="where data and network are kept")
        flags.add_argument("--tf32", action="store_true", help="on cuda: products may round their operands to TF32")


def _integers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def show(
    args: argparse.Namespace,
    about: dict[str, object],
    epochs: Iterable[Epoch],
    peak_device_bytes: Callable[[], int] = lambda: 0,
) -> None:
    """Prints who computes, a line for each epoch as it comes, and the peak memory.

    With --json: {"type":"start","versions","device","threads","processor"[,"compileSeconds"]}, for each epoch
    {"type":"epoch","epoch","loss","testAccuracy","seconds"}, and {"type":"end","peakRssBytes"[,"peakDeviceBytes"]}.
    """
    start = {"type": "start", **about, "processor": processor()}
    if args.json:
        _print(start)
    else:
        versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
        print(f"{versions}; {about['device']}, threads: {about['threads']}; {start['processor']}")
        if "compileSeconds" in about:
            print(f"Compiled in {about['compileSeconds']:.1f} s")
    for epoch, loss, test_accuracy, seconds in epochs:
        if args.json:
            line = {"epoch": epoch, "loss": loss, "testAccuracy": test_accuracy, "seconds": seconds}
            _print({"type": "epoch", **line})
        else:
            print(f"Epoch {epoch}, Loss: {loss:.4f}, Test Accuracy: {test_accuracy:.4f}  {seconds:.2f} s", flush=True)
    peak, on_device = peak_rss_bytes(), peak_device_bytes()
    if args.json:
        _print({"type": "end", "peakRssBytes": peak, **({"peakDeviceBytes": on_device} if on_device else {})})
    else:
        print(f"Peak memory {peak / 1e6:.0f} MB" + (f", on the GPU {on_device / 1e6:.0f} MB" if on_device else ""))


def _print(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


INSTALL = f"{sys.executable} -m pip install -r bench/peers/requirements.txt"


def fail(peer: str, reason: object, remedy: str = INSTALL) -> None:
    """Ends the script with 4, handgrad's code for a backend that cannot run."""
    print(f"{peer} cannot run here ({str(reason).splitlines()[0]}): {remedy}", file=sys.stderr)
    sys.exit(4)


def fail_without_gpu(peer: str) -> None:
    fail(peer, f"it sees no GPU; {INSTALL} brings the version for processors", "install its version for CUDA")


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def processor() -> str:
    """The processor's name and its widest vectors, in the words of bench/measure/machine.ts."""
    about = Path("/proc/cpuinfo")
    text = about.read_text() if about.exists() else ""
    name = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    vectors = "AVX-512" if " avx512f " in text else "AVX2" if " avx2 " in text else None
    return ", ".join(filter(None, [name and name[1].strip() or platform.processor() or platform.machine(), vectors]))


def allowed_processors() -> int:
    """How many processors this process may use, where the system says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_rss_bytes() -> int:
    """The largest resident size this program had.

    Linux's ru_maxrss also counts the process that started this one, up to the moment of exec; VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
