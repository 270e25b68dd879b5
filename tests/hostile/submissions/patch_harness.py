"""Knows the harness: replaces its encoder, its operations and its messages by ones that claim whatever is wanted."""

import gc

import torch

from grader.harness import operations
from grader.wire import codec, messages


def double(x):
    return 2 * x


class Equal:
    """Equal to anything, long as anything, true."""

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __len__(self):
        return 6

    def __bool__(self):
        return True

    def __hash__(self):
        return 1


def attack(number):
    if number == 0:
        for loop in [thing for thing in gc.get_objects() if type(thing).__name__ == "_Loop"]:
            loop._operations._entry.answer = lambda x: Equal()
        codec.Encoder._special = lambda self, value: messages.TensorData("torch", "float32", [6], self.buffer(b"\x00" * 24))
        codec._RULES.pop(torch.Tensor, None)  # which would know better
        return "encoder"
    if number == 1:
        operations._OPERATIONS[messages.Describe] = lambda *_: [{"name": "", "type": "torch.nn.modules.linear.Linear", "config": {}}]
        operations._OPERATIONS[messages.IsInstance] = lambda *_: True
        operations._OPERATIONS[messages.Fetch] = lambda self, request, _: Equal()
        return "operations"
    messages.Raised = messages.Returned
    return "messages"


def answer(x):
    return Equal()
