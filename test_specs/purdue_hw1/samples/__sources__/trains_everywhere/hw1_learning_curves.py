# Two figures and one table, with torchvision for the data
import sys, os
from argparse import ArgumentParser
import numpy as np
import torch
import torchvision
import matplotlib
matplotlib.use('TkAgg')
import matplotlib.pyplot as plt
from my_neural_networks.networks import BasicNeuralNetwork as Net

parser = ArgumentParser()
parser.add_argument('data')
parser.add_argument('-e', '--epochs', type=int, default=100)
parser.add_argument('-l', '--learning_rate', type=float, default=1e-4)
parser.add_argument('-g', '--gpu_id', type=int, default=-1)
parser.add_argument('--first', type=int, default=250)
parser.add_argument('--last', type=int, default=10000)
parser.add_argument('--step', type=int, default=250)
parser.add_argument('-o', '--output', default='.')
opt = parser.parse_args()

train = torchvision.datasets.MNIST(opt.data, train=True)
test = torchvision.datasets.MNIST(opt.data, train=False)
X, y = train.data.reshape(-1, 784) / 255.0, train.targets
Xt, yt = test.data.reshape(-1, 784) / 255.0, test.targets

rows = ['shape, train_size, epochs, loss, train_accuracy, test_accuracy']
for shape in ((784, 10), (784, 300, 100, 10)):
    xs = np.arange(opt.first, opt.last + opt.step, opt.step)
    accs = []
    for n in xs:
        n = int(n)
        net = Net(shape, opt.gpu_id)
        y1 = torch.nn.functional.one_hot(y[:n], 10).float()
        losses = []
        while len(losses) < opt.epochs:
            net.train_one_epoch(X[:n], y[:n], y1, opt.learning_rate)
            losses.append(net.loss(X[:n], y[:n], y1))
            if len(losses) > 1 and abs(losses[-1] - losses[-2]) < 1e-3:
                break
        a = (net.predict(X[:n]) == y[:n]).float().mean().item()
        b = (net.predict(Xt) == yt).float().mean().item()
        accs.append((a, b))
        rows.append('"%s", %d, %d, %f, %.4f, %.4f' % (shape, n, len(losses), losses[-1], a, b))
    plt.figure()
    plt.plot(xs, accs)
    os.makedirs(opt.output, exist_ok=True)
    plt.savefig(os.path.join(opt.output, 'shape%d.pdf' % len(shape)))
open(os.path.join(opt.output, 'hw1_learning_curves.csv'), 'w').write('\n'.join(rows) + '\n')
plt.show()
