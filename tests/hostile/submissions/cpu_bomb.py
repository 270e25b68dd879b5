"""Burns processor time in threads and children, between the calls too."""

import os

import torch


def double(x):
    return 2 * x


def attack(number):
    if number == 0:
        for _ in range(4):
            if os.fork() == 0:
                while True:
                    pass
        return "spinning"
    return "again"


def answer(x):
    torch.set_num_threads(16)
    while type(x) is int:
        torch.ones(100, 100) @ torch.ones(100, 100)
