"""What the real TensorBoard finds in a run's event files, as JSON on stdout: read_back.py DIR"""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "images": 0, "tensors": 0})
events.Reload()
tags = events.Tags()


def hparams():
    found = {}
    if not any(tag.startswith("_hparams_/") for tag in tags["tensors"]):
        return found
    for tag, content in events.PluginTagToContent("hparams").items():
        if tag == metadata.SESSION_START_INFO_TAG:
            start = metadata.parse_session_start_info_plugin_data(content)
            found["settings"] = {
                name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()
            }
            found["started"] = start.start_time_secs
        elif tag == metadata.SESSION_END_INFO_TAG:
            end = metadata.parse_session_end_info_plugin_data(content)
            found["status"], found["ended"] = end.status, end.end_time_secs
    return found


def histogram(event):
    value = event.histogram_value
    return [event.step, value.num, value.sum, sum(value.bucket), value.min, value.max]


json.dump(
    {
        "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
        "histograms": {tag: [histogram(e) for e in events.Histograms(tag)] for tag in tags["histograms"]},
        "images": {
            tag: [[e.step, e.width, e.height, e.encoded_image_string.hex()] for e in events.Images(tag)]
            for tag in tags["images"]
        },
        "hparams": hparams(),
    },
    sys.stdout,
)
