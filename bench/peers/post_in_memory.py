"""The post's code on tensors held in memory: float32 images, a fresh random order per epoch, batches by index.

--compile gives the loss (and so its gradients) and the predictions to torch.compile, before the first epoch; the time
of that is printed by itself. --device cuda keeps data and network on the GPU.
"""

import sys

sys.dont_write_bytecode = True

import command

try:
    import torch
except ImportError as error:
    command.fail("The PyTorch peer", error)

import deep
import post
from in_memory import InMemory


def compiled(functions: deep.Functions, mode: str) -> deep.Functions:
    # A graph for each size of batch: one for all sizes is slower.
    return deep.Functions(*(torch.compile(function, dynamic=False, mode=mode) for function in functions))


def warm_up(functions: deep.Functions, train_iter: InMemory, test_iter: InMemory, params: deep.Params) -> None:
    """Everything that an epoch computes, but for the updates, once for each size of batch."""
    for X, y in train_iter.shapes():
        functions.loss(X, y, params).backward()
    for p in (p for layer in params for p in layer):
        p.grad.zero_()
    for X, y in test_iter.shapes():
        post.accuracy(functions.predict(X, params), y)


if __name__ == "__main__":
    flags = command.parser(__doc__, any_size=True, devices=True)
    flags.add_argument(
        "--compile", nargs="?", const="default", metavar="MODE", help="by torch.compile, in this mode of its"
    )
    args = flags.parse_args()
    on_gpu = args.device == "cuda"
    if on_gpu and not torch.cuda.is_available():
        command.fail_without_gpu("The PyTorch peer")
    torch.set_float32_matmul_precision("high" if args.tf32 else "highest")

    train_iter = InMemory(args.data, "train", args.batch_size, shuffle=True, device=args.device)
    test_iter = InMemory(args.data, "t10k", args.batch_size, shuffle=False, device=args.device)
    about = {
        "versions": {"torch": torch.__version__},
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "threads": torch.get_num_threads(),
    }
    if len(args.hidden) == 1 and not on_gpu and not args.compile:
        params = post.init_params(28 * 28, 10, args.hidden[0])
        epochs = post.train(train_iter, test_iter, *params, args.epochs, command.LR)
    else:
        params = deep.init_params(28 * 28, 10, args.hidden, args.device)
        functions = deep.Functions(deep.resident_loss if on_gpu else deep.loss)
        if args.compile:
            functions = compiled(functions, args.compile)
            try:
                seconds = command.seconds_of(lambda: warm_up(functions, train_iter, test_iter, params))
            except Exception as error:  # without a C++ compiler, or Triton: of many kinds, all of torch.compile
                command.fail("torch.compile", error, "it needs a C++ compiler, and Triton on a GPU")
            about["compileSeconds"] = seconds
        epochs = deep.train(train_iter, test_iter, params, args.epochs, command.LR, functions)
    if on_gpu:
        torch.cuda.synchronize()
    command.show(args, about, epochs, torch.cuda.max_memory_reserved if on_gpu else lambda: 0)
