"""Accuracy against the number of training examples, for networks of the shapes (784, 10) and (784, 300, 100, 10).

    python hw1_learning_curves.py ./data -e 100 -l 1e-4 -o ./curves

Keep the arguments. For each shape and each number of training examples (250, 500, ... 10000; the first ones of the
data) a new network of yours is trained with all of them at once, until two consecutive losses differ by less than
1e-3, or for `--epochs` epochs. Then it is tried on the training examples and on all test examples.

Written into the folder `--output`:
    hw1_learning_curves.csv     columns shape,train_size,epochs,loss,train_accuracy,test_accuracy
                                shape as 784-300-100-10, accuracies between 0 and 1
    hw1_learning_curves.png     the curves (.pdf, .svg and .jpg are as good)
"""

import argparse


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description="Draw learning curves.")
    parser.add_argument("data", help="folder that holds MNIST/raw")
    parser.add_argument("-e", "--epochs", type=int, default=100, help="most epochs of one training")
    parser.add_argument("-l", "--learning_rate", type=float, default=1e-4)
    parser.add_argument("-g", "--gpu_id", type=int, default=-1, help="-1: the CPU")
    parser.add_argument("--first", type=int, default=250, help="smallest number of training examples")
    parser.add_argument("--last", type=int, default=10000, help="largest number of training examples")
    parser.add_argument("--step", type=int, default=250)
    parser.add_argument("-o", "--output", default=".", help="folder for the figure and the CSV file")
    return parser.parse_args()


def main():
    """Measure, write the table, draw the figure."""
    options = arguments()
    raise NotImplementedError


if __name__ == "__main__":
    main()
