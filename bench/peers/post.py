"""The post's network and its training loop, as published.

Only `train` differs: it yields what the post prints, together with the seconds that the epoch took, so that the scripts
beside this file can print it in two ways. Whatever gives (X, y) batches when iterated over can be trained on.
"""

import time
from collections.abc import Iterable, Iterator

import torch

from command import Epoch

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]


def init_params(
    num_inputs: int, num_outputs: int, num_hiddens: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    W1 = torch.normal(0, 0.01, size=(num_inputs, num_hiddens), requires_grad=True)
    b1 = torch.zeros(num_hiddens, requires_grad=True)
    W2 = torch.normal(0, 0.01, size=(num_hiddens, num_outputs), requires_grad=True)
    b2 = torch.zeros(num_outputs, requires_grad=True)
    return W1, b1, W2, b2


def relu(X: torch.Tensor) -> torch.Tensor:
    A = torch.zeros_like(X)
    return torch.max(A, X)


def mlp(X: torch.Tensor, W1: torch.Tensor, b1: torch.Tensor, W2: torch.Tensor, b2: torch.Tensor) -> torch.Tensor:
    num_inputs = W1.shape[0]
    H1 = relu(X.reshape(-1, num_inputs) @ W1 + b1)
    H2 = H1 @ W2 + b2
    return H2


def softmax(X: torch.Tensor) -> torch.Tensor:
    X_exp = torch.exp(X)
    partition = X_exp.sum(1, keepdim=True)
    return X_exp / partition


def cross_entropy_loss(y_hat: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return -torch.mean(torch.log(y_hat[range(len(y_hat)), y]))


def updater(W1: torch.Tensor, b1: torch.Tensor, W2: torch.Tensor, b2: torch.Tensor, lr: float) -> None:
    with torch.no_grad():
        W1 -= lr * W1.grad
        b1 -= lr * b1.grad
        W2 -= lr * W2.grad
        b2 -= lr * b2.grad
        W1.grad.zero_()
        b1.grad.zero_()
        W2.grad.zero_()
        b2.grad.zero_()


def accuracy(y_hat: torch.Tensor, y: torch.Tensor) -> float:
    y_pred = y_hat.argmax(dim=1)
    return float((y_pred == y).sum())


def evaluate_accuracy(
    data_iter: Batches, W1: torch.Tensor, b1: torch.Tensor, W2: torch.Tensor, b2: torch.Tensor
) -> float:
    acc_sum, n = 0.0, 0
    for X, y in data_iter:
        y_hat = mlp(X, W1, b1, W2, b2)
        y_hat = softmax(y_hat)
        acc_sum += accuracy(y_hat, y)
        n += len(y)
    return acc_sum / n


def train(
    train_iter: Batches,
    test_iter: Batches,
    W1: torch.Tensor,
    b1: torch.Tensor,
    W2: torch.Tensor,
    b2: torch.Tensor,
    num_epochs: int,
    lr: float,
) -> Iterator[Epoch]:
    for epoch in range(num_epochs):
        started = time.perf_counter()
        for X, y in train_iter:
            # Forward pass
            y_hat = mlp(X, W1, b1, W2, b2)
            y_hat = softmax(y_hat)
            l = cross_entropy_loss(y_hat, y)

            # Backward pass
            l.backward()
            updater(W1, b1, W2, b2, lr)

        # Evaluate on test set
        eval_acc = evaluate_accuracy(test_iter, W1, b1, W2, b2)
        yield Epoch(epoch + 1, l.item(), eval_acc, time.perf_counter() - started)
