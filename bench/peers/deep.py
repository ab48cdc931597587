"""The post's functions for any number of hidden layers: the parameters are a list, and the rest is word for word the same."""

import time
from collections.abc import Iterator

import torch

from post import Batches, Epoch, accuracy, cross_entropy_loss, relu, softmax

Params = list[tuple[torch.Tensor, torch.Tensor]]


def init_params(num_inputs: int, num_outputs: int, num_hiddens: list[int]) -> Params:
    widths = [num_inputs, *num_hiddens, num_outputs]
    return [
        (torch.normal(0, 0.01, size=(i, o), requires_grad=True), torch.zeros(o, requires_grad=True))
        for i, o in zip(widths, widths[1:])
    ]


def mlp(X: torch.Tensor, params: Params) -> torch.Tensor:
    H = X.reshape(-1, params[0][0].shape[0])
    for W, b in params[:-1]:
        H = relu(H @ W + b)
    W, b = params[-1]
    return H @ W + b


def updater(params: Params, lr: float) -> None:
    with torch.no_grad():
        for layer in params:
            for p in layer:
                p -= lr * p.grad
                p.grad.zero_()


def evaluate_accuracy(data_iter: Batches, params: Params) -> float:
    acc_sum, n = 0.0, 0
    for X, y in data_iter:
        acc_sum += accuracy(softmax(mlp(X, params)), y)
        n += len(y)
    return acc_sum / n


def train(train_iter: Batches, test_iter: Batches, params: Params, num_epochs: int, lr: float) -> Iterator[Epoch]:
    for epoch in range(num_epochs):
        started = time.perf_counter()
        for X, y in train_iter:
            l = cross_entropy_loss(softmax(mlp(X, params)), y)
            l.backward()
            updater(params, lr)
        eval_acc = evaluate_accuracy(test_iter, params)
        yield Epoch(epoch + 1, l.item(), eval_acc, time.perf_counter() - started)
