"""The post's network in JAX: one step, gradients and update, compiled by `jit`; float32 images held in memory.

It compiles before the first epoch, once for each size of batch, and the time is printed by itself.
"""

import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

sys.dont_write_bytecode = True

import command

try:
    import jax
    import jax.numpy as jnp
    import numpy as np
except ImportError as error:
    command.fail("The JAX peer", error)

import fashion_mnist_files

Params = list[tuple[jax.Array, jax.Array]]


def init_params(num_inputs: int, num_outputs: int, num_hiddens: list[int]) -> Params:
    widths = [num_inputs, *num_hiddens, num_outputs]
    keys = jax.random.split(jax.random.key(0), len(widths) - 1)
    return [(0.01 * jax.random.normal(key, (i, o)), jnp.zeros(o)) for key, i, o in zip(keys, widths, widths[1:])]


def relu(X: jax.Array) -> jax.Array:
    return jnp.maximum(X, 0)


def mlp(X: jax.Array, params: Params) -> jax.Array:
    H = X
    for W, b in params[:-1]:
        H = relu(H @ W + b)
    W, b = params[-1]
    return H @ W + b


def softmax(X: jax.Array) -> jax.Array:
    X_exp = jnp.exp(X)
    return X_exp / X_exp.sum(1, keepdims=True)


def loss(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    y_hat = softmax(mlp(X, params))
    return -jnp.mean(jnp.log(y_hat[jnp.arange(len(y)), y]))


@partial(jax.jit, donate_argnums=0)
def step(params: Params, X: jax.Array, y: jax.Array, rows: jax.Array) -> tuple[Params, jax.Array]:
    """A step on some rows of all images, which are gathered in here."""
    l, gradients = jax.value_and_grad(loss)(params, X[rows], y[rows])
    return jax.tree.map(lambda p, g: p - command.LR * g, params, gradients), l


@jax.jit
def right(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    return (softmax(mlp(X, params)).argmax(1) == y).sum()


def read_split(folder: Path, part: str) -> tuple[jax.Array, jax.Array]:
    images, labels = (np.frombuffer(part, np.uint8) for part in fashion_mnist_files.read_split(folder, part))
    X = jax.device_put(images.reshape(len(labels), -1).astype(np.float32) / 255)
    return X, jax.device_put(labels.astype(np.int32))


def batches(rows: np.ndarray, batch_size: int) -> list[np.ndarray]:
    return np.split(rows, range(batch_size, len(rows), batch_size))


def train(
    params: Params,
    X: jax.Array,
    y: jax.Array,
    test: list[tuple[jax.Array, jax.Array]],
    batch_size: int,
    num_epochs: int,
) -> Iterator[command.Epoch]:
    random = np.random.default_rng(0)
    for epoch in range(num_epochs):
        started = time.perf_counter()
        for rows in batches(random.permutation(len(y)).astype(np.int32), batch_size):
            params, l = step(params, X, y, rows)
        # JAX only queues; the numbers are read at the end, when everything is queued.
        counts = [right(params, *batch) for batch in test]
        eval_acc = sum(int(count) for count in counts) / sum(len(labels) for _, labels in test)
        yield command.Epoch(epoch + 1, float(l), eval_acc, time.perf_counter() - started)


def main() -> None:
    args = command.parser(__doc__, any_size=True, devices=True).parse_args()
    jax.config.update("jax_platforms", args.device)
    jax.config.update("jax_default_matmul_precision", "tensorfloat32" if args.tf32 else "float32")
    try:
        device = jax.devices()[0]
    except (RuntimeError, AssertionError):  # the one without the platform, the other without any
        command.fail_without_gpu("The JAX peer")
    X, y = read_split(args.data, "train")
    test_X, test_y = read_split(args.data, "t10k")
    rows = batches(np.arange(len(test_y)), args.batch_size)
    test = [(test_X[part], test_y[part]) for part in rows]
    params = init_params(28 * 28, 10, args.hidden)

    def compile() -> None:
        copy = jax.tree.map(jnp.copy, params)  # a step consumes what it is given
        for part in {len(part): part for part in batches(np.arange(len(y), dtype=np.int32), args.batch_size)}.values():
            copy, _ = step(copy, X, y, part)
        jax.block_until_ready([copy, *(right(copy, *batch) for batch in test)])

    about = {
        "versions": {"jax": jax.__version__},
        "device": "cpu" if args.device == "cpu" else device.device_kind,
        "threads": command.allowed_processors(),
        "compileSeconds": command.seconds_of(compile),
    }
    peak = (device.memory_stats() or {}).get
    command.show(
        args, about, train(params, X, y, test, args.batch_size, args.epochs), lambda: peak("peak_bytes_in_use", 0)
    )


if __name__ == "__main__":
    main()
