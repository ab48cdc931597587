"""What another tool makes of an exported network, as JSON on stdout.

other_tools.py onnx|torch MODEL IMAGES LABELS PROBABILITIES ACTIVATION
"""

import json
import sys

import numpy

kind, path, images_path, labels_path, ours_path, activation = sys.argv[1:]
labels = numpy.fromfile(labels_path, numpy.uint8)
images = numpy.fromfile(images_path, numpy.uint8).reshape(len(labels), -1)
ours = numpy.fromfile(ours_path, numpy.float32).reshape(len(labels), -1)


def by_onnxruntime():
    import onnx
    import onnxruntime

    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (probabilities,) = session.run(["probabilities"], {"features": images.astype(numpy.float32)})
    names = session.get_modelmeta().custom_metadata_map["class_names"]
    return probabilities, json.loads(names)


def by_torch():
    import torch
    from safetensors.torch import load_file

    weights = load_file(path)
    biases = [bias for name, bias in sorted(weights.items()) if "bias" in name]
    widths = [weights["0.weight"].shape[1], *(bias.shape[0] for bias in biases)]
    between = {"relu": torch.nn.ReLU, "silu": torch.nn.SiLU}[activation]
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(inputs, outputs), between()]
    net = torch.nn.Sequential(*layers[:-1])
    net.load_state_dict(weights, strict=True)
    with torch.no_grad():
        return net(torch.from_numpy(images) / 255).softmax(1).numpy(), None


probabilities, names = {"onnx": by_onnxruntime, "torch": by_torch}[kind]()
json.dump(
    {
        "shape": list(probabilities.shape),
        "difference": float(abs(probabilities - ours).max()),
        "accuracy": float((probabilities.argmax(1) == labels).mean()),
        "names": names,
    },
    sys.stdout,
)
