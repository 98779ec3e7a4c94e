"""Prints as JSON what TensorBoard's own code finds in the event files of a folder, as its pages would show it."""
import json
import sys
from types import SimpleNamespace

from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups
from tensorboard.util import tensor_util

folder = sys.argv[1]
files = plugin_event_multiplexer.EventMultiplexer()
files.AddRunsFromDirectory(folder)
files.Reload()
(run,) = files.Runs()
events = files.GetAccumulator(run)


def arrays(plugin):
    return {
        tag: [(event.step, tensor_util.make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]
        for tag in events.PluginTagToContent(plugin)
    }


provider = data_provider.MultiplexerDataProvider(files, folder)
request = api_pb2.ListSessionGroupsRequest(
    slice_size=10,
    include_metrics=True,
    allowed_statuses=[0, 1, 2, 3],
    col_params=[api_pb2.ColParams(metric=api_pb2.MetricName(tag='Accuracy/test'))],
)
context = backend_context.Context(SimpleNamespace(data_provider=provider))
(group,) = list_session_groups.Handler(RequestContext(), context, '', request).run().session_groups

print(json.dumps({
    'scalars': {tag: [[step, float(value)] for step, value in values] for tag, values in arrays('scalars').items()},
    # Buckets are rows of (lower end, upper end, count).
    'histograms': {
        tag: [[step, float(value[:, 2].sum())] for step, value in values]
        for tag, values in arrays('histograms').items()
    },
    # Width and height as text, then the image's file.
    'images': {tag: [text.decode() for text in values[0][1][:2]] for tag, values in arrays('images').items()},
    'text': {tag: values[0][1][0].decode() for tag, values in arrays('text').items()},
    'hyperparameters': {key: getattr(value, value.WhichOneof('kind')) for key, value in group.hparams.items()},
    'metrics': {metric.name.tag: metric.value for metric in group.metric_values},
    'finished': [session.status == api_pb2.STATUS_SUCCESS for session in group.sessions],
}))
