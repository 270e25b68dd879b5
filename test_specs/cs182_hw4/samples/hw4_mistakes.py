"""One known mistake per wrong sample, as changes of the reference: file, what is there, what is put in its place.

An empty `old` stands for the whole file; a `new` of None removes it.
"""

from __future__ import annotations

FILTERS, EDGES, MEMORY = "HandDesignFilters", "edge_detection", "GPUMemory"
LOG_64, LOG_1024 = "logs/batch_64.csv", "logs/batch_1024.csv"

Change = tuple[str, str, str | None]

_SIZES = '''\
    """Three classes, as in DEFAULT_CONFIG."""
    return sweep()
'''
_SAME_IMAGES = '''\
    loaders = {}
    for size in TRAIN_SIZES:
        valid = make_loader("valid", VALID_SIZE, {})
        first = [VALID_SIZE * label + index for label in range(3) for index in range(size)]
        subset = torch.utils.data.Subset(valid.dataset, first)
        loaders[size] = DataLoader(subset, batch_size=10, shuffle=True), valid
    return loaders
'''
_ONLY_FIRST = '''\
        raise RuntimeError("not used")

    def forward(self, x):
        x = F.avg_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.mean(dim=(2, 3)))
'''
_HEADER = "timestamp,epoch,memUsage,loss,accuracy\n"
_RESNET = "torchvision.models.resnet152(num_classes=num_classes)"
_BYTES = "value.numel() * value.element_size() for value in kept"
_ADAM = "torch.optim.Adam(parameters, lr=learning_rate)"
_MAKE_VALID = 'make_loader("valid", VALID_SIZE, changes)'
_FIVE = 'num_classes=5, class_type=["horizontal", "vertical", "diagonal", "both", "none"]'
_PERMUTE = "return sweep(use_permutation=True, permutater=permutater, unpermutater=unpermutater)"
_HALF_PERMUTED = '''\
loaders = sweep(use_permutation=True, permutater=permutater, unpermutater=unpermutater)
    return {size: (train, make_loader("valid", VALID_SIZE, {})) for size, (train, _) in loaders.items()}'''

_WRONG = """\
conv_weights = "F*K^2"
conv_biases = "F*C"
conv_output_width = "(W - K + 2*P)/S"
pool_output_width = "W/S"
pool_channels = "C/S"
receptive_field = "L*K"
receptive_field_pooling = 4
conv1_shape = "26x26x10"
conv1_parameters = 90
pool1_shape = [14, 14, 1]
pool1_parameters = 4
conv2_shape = "(10, 14, 14)"
conv2_parameters = 100
pool2_shape = "7x7"
pool2_parameters = "none"
flatten_size = 4900
fc_shape = "490x3"
fc_parameters = 1470
weight_gradient = "a"
gradient_mean = 1
gradient_deviation = "square"
max_pool_gradient = "shared"
average_pool_gradient = "1"
cnn_parameters = 588
mlp_parameters = 39730
resnet152_parameters = 60192808
resnet152_size = "221.9 MB"
sgd_state = 1
momentum_state = 2
adam_state = 3
memory_order = "SGD = momentum < Adam"
"""


def _setting(name: str, old: str, new: str) -> Change:
    """One hyper-parameter in the line of `name`."""
    return (f"{EDGES}:{name}", old, new)


MISTAKES: dict[str, list[Change]] = {
    "divides_by_nine": [(FILTERS, "/ filter_size**2", "/ 9.0")],
    "kernel_not_divided": [(FILTERS, " / filter_size**2", "")],
    "kernel_always_3x3": [(FILTERS, "np.ones((filter_size, filter_size)) / filter_size**2", "np.ones((3, 3)) / 9")],
    "default_size_5": [(FILTERS, "filter_size: int = 3", "filter_size: int = 5")],
    "laplacian_with_diagonals": [(FILTERS, "[[0, 1, 0], [1, -4, 1], [0, 1, 0]]", "[[1, 1, 1], [1, -8, 1], [1, 1, 1]]")],
    "laplacian_negated": [(FILTERS, "[[0, 1, 0], [1, -4, 1], [0, 1, 0]]", "[[0, -1, 0], [-1, 4, -1], [0, -1, 0]]")],
    "dark_borders": [(FILTERS, "/ filter_size**2\n    found: Image = scipy.ndimage.convolve(image, kernel)",
                      '/ filter_size**2\n    found: Image = scipy.ndimage.convolve(image, kernel, mode="constant")')],
    "filters_not_written": [(FILTERS, "np.ones((filter_size, filter_size)) / filter_size**2", "None")],
    "validation_in_train_mode": [(EDGES, _MAKE_VALID, 'make_loader("train", VALID_SIZE, changes)')],
    "shift_without_ratio": [(EDGES, "sweep(possible_edge_location_ratio=0.5)", "sweep()")],
    "same_images_for_both": [(EDGES, _SIZES, _SAME_IMAGES)],
    "not_shuffled": [(EDGES, 'shuffle=mode == "train"', "shuffle=False")],
    "validation_grows_too": [(EDGES, _MAKE_VALID, 'make_loader("valid", size, changes)')],
    "size_of_all_classes": [(EDGES, '"data_per_class": size}', '"data_per_class": size // 3}')],
    "one_size_left_out": [(EDGES, "TRAIN_SIZES = (10, 20, 30, 40, 50)", "TRAIN_SIZES = (10, 20, 30, 40)")],
    "own_permutation": [(EDGES, "permutater=permutater, ", "permutater=torch.randperm(784), ")],
    "validation_not_permuted": [(EDGES, _PERMUTE, _HALF_PERMUTED)],
    "permuted_by_the_inverse": [(EDGES, "permutater=permutater", "permutater=unpermutater")],
    "permutation_switched_off": [(EDGES, "use_permutation=True, ", "")],
    "five_classes_in_other_order": [(EDGES, _FIVE, 'num_classes=5, class_type=["none", "horizontal", "vertical", "diagonal", "both"]')],
    "five_classes_left_at_three": [(EDGES, _FIVE, "")],
    "average_pooling_only_first": [(EDGES, "        return F.avg_pool2d(x, 2)\n", _ONLY_FIRST)],
    "average_pooling_is_max_pooling": [(EDGES, "F.avg_pool2d(x, 2)", "F.max_pool2d(x, 2)")],
    "overfit_cnn_diverges": [_setting("OVERFIT_CNN", '"learning_rate": 0.01', '"learning_rate": 1.0')],
    "overfit_mlp_too_short": [_setting("OVERFIT_MLP", '"epochs": 40', '"epochs": 1')],
    "cnn_50_not_filled_in": [_setting("CNN_50", '"epochs": 20', '"epochs": None')],
    "cnn_10_too_short": [_setting("CNN_10", '"epochs": 100', '"epochs": 5')],
    "cnn_10_too_many_steps": [_setting("CNN_10", '"epochs": 100', '"epochs": 5000')],
    "cnn_shift_large_kernel": [_setting("CNN_SHIFT", '"kernel_size": 2', '"kernel_size": 7')],
    "mlp_permuted_too_short": [_setting("MLP_PERMUTED", '"learning_rate": 0.003', '"learning_rate": 0.000001')],
    "cnn_five_too_short": [_setting("CNN_FIVE", '"epochs": 20', '"epochs": 1')],
    "resnet_with_1000_classes": [(MEMORY, _RESNET, "torchvision.models.resnet152()")],
    "resnet_50": [(MEMORY, _RESNET, "torchvision.models.resnet50(num_classes=num_classes)")],
    "only_trainable_counted": [(MEMORY, "sum(parameter.numel() for parameter in model.parameters())",
                                "sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)")],
    "buffers_counted": [(MEMORY, "sum(parameter.numel() for parameter in model.parameters())",
                         "sum(value.numel() for value in model.state_dict().values())")],
    "mebibytes": [(MEMORY, "model.parameters()) / 1e6", "model.parameters()) / 2**20")],
    "size_in_bits": [(MEMORY, "model.parameters()) / 1e6", "model.parameters()) * 8 / 1e6")],
    "momentum_forgotten": [(MEMORY, ", momentum=0.9", "")],
    "adagrad_for_adam": [(MEMORY, _ADAM, "torch.optim.Adagrad(parameters, lr=learning_rate)")],
    "state_in_numbers": [(MEMORY, _BYTES, "value.numel() for value in kept")],
    "state_of_the_groups": [(MEMORY, "for state in optimizer.state.values() for value in state.values()",
                             "for group in optimizer.param_groups for value in group.values()")],
    "no_logs": [(f"logs/batch_{size}.csv", "", None) for size in (4, 16, 64, 256, 1024)],
    "log_of_64_missing": [(LOG_64, "", None)],
    "log_without_header": [(LOG_64, _HEADER, "")],
    "log_with_nan": [(LOG_64, "1.0083", "nan")],
    "log_is_no_text": [(LOG_64, "", "\x00\x7f\x1b\ufffd\n" * 50)],
    "memory_does_not_grow": [(LOG_1024, "", f"{_HEADER}1700000575.500,0,790.2,1.9159,0.2180\n")],
    "out_of_memory_not_logged": [(LOG_1024, "", _HEADER)],
    "memory_cell_broken": [(MEMORY, "def make_resnet152(num_classes: int = 10)", "def make_resnet152(num_classes: int = 10")],
    "filters_missing": [(FILTERS, "", None)],
    "no_answers": [("answers.toml", "", None)],
    "wrong_answers": [("answers.toml", "", _WRONG)],
}
