"""Assignment 3 as a package: patches, function, layers, gradients, networks. conv.py gathers what is graded."""
