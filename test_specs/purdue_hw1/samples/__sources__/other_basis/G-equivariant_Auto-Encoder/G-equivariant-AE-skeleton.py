# %% [markdown]
# Exported from the notebook.

# %%
import torch
import torch.nn as nn


# %%
def rotation_group(side):
    matrices = []
    for k in range(4):
        matrix = torch.zeros(side * side, side * side)
        for row in range(side):
            for column in range(side):
                r, c = row, column
                for _ in range(k):  # clockwise
                    r, c = c, side - 1 - r
                matrix[r * side + c, row * side + column] = 1
        matrices.append(matrix)
    return torch.stack(matrices)


# %%
def project(weight, in_group, out_group):
    total = torch.zeros_like(weight)
    for R_in, R_out in zip(in_group, out_group):
        total = total + R_out.T @ weight @ R_in
    return total / len(in_group)


# %%
def orbits(in_side, out_side):
    """Which weights are one, by number: (out, in)"""
    into = rotation_group(in_side).argmax(2)  # pixel -> pixel
    out = rotation_group(out_side).argmax(2)
    names = {}
    number = torch.empty(out_side**2, in_side**2, dtype=torch.long)
    for o in range(out_side**2):
        for i in range(in_side**2):
            number[o, i] = names.setdefault(min((int(out[k, o]), int(into[k, i])) for k in range(4)), len(names))
    return number


class EquivariantLayer(nn.Module):
    """A coefficient for each orbit of weights."""

    def __init__(self, in_side, out_side):
        super().__init__()
        number = orbits(in_side, out_side)
        self.register_buffer("number", number)
        self.coefficients = nn.Parameter(torch.randn(int(number.max()) + 1) / in_side)
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return x @ self.coefficients[self.number].T + self.bias


# %%
class EquivariantAutoEncoder(nn.Module):
    def __init__(self, side=28, code_side=14):
        super().__init__()
        self.layers = nn.Sequential(EquivariantLayer(side, code_side), nn.ReLU(), EquivariantLayer(code_side, side), nn.Sigmoid())

    def forward(self, x):
        return self.layers(x)
