"""The post's functions for any number of hidden layers: the parameters are a list, the rest is the same."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch

from command import Epoch
from post import Batches, accuracy, cross_entropy_loss, relu, softmax

Params = list[tuple[torch.Tensor, torch.Tensor]]


def init_params(num_inputs: int, num_outputs: int, num_hiddens: list[int], device: str = "cpu") -> Params:
    widths = [num_inputs, *num_hiddens, num_outputs]
    here = {"device": device, "requires_grad": True}
    return [
        (torch.normal(0, 0.01, size=(i, o), **here), torch.zeros(o, **here)) for i, o in zip(widths, widths[1:])
    ]


def mlp(X: torch.Tensor, params: Params) -> torch.Tensor:
    H = X.reshape(-1, params[0][0].shape[0])
    for W, b in params[:-1]:
        H = relu(H @ W + b)
    W, b = params[-1]
    return H @ W + b


def predict(X: torch.Tensor, params: Params) -> torch.Tensor:
    return softmax(mlp(X, params))


def loss(X: torch.Tensor, y: torch.Tensor, params: Params) -> torch.Tensor:
    return cross_entropy_loss(predict(X, params), y)


def resident_loss(X: torch.Tensor, y: torch.Tensor, params: Params) -> torch.Tensor:
    """`loss` for a GPU: the post picks rows by a Python range, which is copied there and waited for in every step."""
    y_hat = predict(X, params)
    return -torch.mean(torch.log(y_hat[torch.arange(len(y_hat), device=y.device), y]))


def updater(params: Params, lr: float) -> None:
    with torch.no_grad():
        for layer in params:
            for p in layer:
                p -= lr * p.grad
                p.grad.zero_()


class Functions(NamedTuple):
    """What `train` computes with: the functions above, or what torch.compile makes of them."""

    loss: Callable[[torch.Tensor, torch.Tensor, Params], torch.Tensor] = loss
    predict: Callable[[torch.Tensor, Params], torch.Tensor] = predict


def evaluate_accuracy(data_iter: Batches, params: Params, functions: Functions) -> float:
    acc_sum, n = 0.0, 0
    for X, y in data_iter:
        acc_sum += accuracy(functions.predict(X, params), y)
        n += len(y)
    return acc_sum / n


def train(
    train_iter: Batches,
    test_iter: Batches,
    params: Params,
    num_epochs: int,
    lr: float,
    functions: Functions = Functions(),
) -> Iterator[Epoch]:
    # Every epoch ends with numbers that are read, so that a GPU has done all of it when the clock is.
    for epoch in range(num_epochs):
        started = time.perf_counter()
        for X, y in train_iter:
            l = functions.loss(X, y, params)
            l.backward()
            updater(params, lr)
        eval_acc = evaluate_accuracy(test_iter, params, functions)
        yield Epoch(epoch + 1, l.item(), eval_acc, time.perf_counter() - started)
