"""How fast PyTorch's torch.mm computes products of float32 matrices of given shapes, one after the other.

With --json: {"type":"start","versions","device","threads","processor"}, then {"m","k","n","seconds"} for each shape.
Each is repeated as bench/measure/productProcess.ts repeats handgrad's: for 0.1 s at least, the median of three such.
"""

import argparse
import json
import statistics
import sys
import time

sys.dont_write_bytecode = True

import command

try:
    import torch
except ImportError as error:
    command.fail("The PyTorch peer", error)

LONG_ENOUGH = 0.1  # seconds
REPEATS = 3


def shape(text: str) -> tuple[int, int, int]:
    m, k, n = (int(part) for part in text.split("x"))
    return m, k, n


def seconds_of(m: int, k: int, n: int, device: str) -> float:
    """The time of one product, into memory that is there already."""
    a, b, out = torch.rand(m, k, device=device), torch.rand(k, n, device=device), torch.empty(m, n, device=device)

    def timed(count: int) -> float:
        started = time.perf_counter()
        for _ in range(count):
            torch.mm(a, b, out=out)
        if device == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - started) / count

    timed(2)
    count = max(1, min(500, -int(-LONG_ENOUGH // timed(2))))
    return statistics.median(timed(count) for _ in range(REPEATS))


if __name__ == "__main__":
    flags = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    flags.add_argument(
        "--shapes",
        type=lambda text: [shape(part) for part in text.split(",")],
        default="256x784x256",
        help="a comma list of MxKxN, each an [M, K] by a [K, N] matrix",
    )
    command.add_output_flags(flags, devices=True)
    args = flags.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        command.fail_without_gpu("The PyTorch peer")
    torch.set_float32_matmul_precision("high" if args.tf32 else "highest")
    about = {
        "versions": {"torch": torch.__version__},
        "device": torch.cuda.get_device_name() if args.device == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "processor": command.processor(),
    }
    if args.json:
        print(json.dumps({"type": "start", **about}))
    else:
        print(f"torch {torch.__version__}; {about['device']}, threads: {about['threads']}; {about['processor']}")
    for m, k, n in args.shapes:
        seconds = seconds_of(m, k, n, args.device)
        if args.json:
            print(json.dumps({"m": m, "k": k, "n": n, "seconds": seconds}), flush=True)
        else:
            print(f"{m}x{k}x{n}: {1e6 * seconds:.0f} µs, {2e-9 * m * k * n / seconds:.0f} GFLOP/s", flush=True)
