import torch
import torch.nn as nn
import torch.nn.functional as F

### Vraag 5: unfold

def unfold(input, kernel, stride, padding):
	# Größe der Ausgabe -> see the slides
	b, c, h, w = input.size()
	_, _, hk, wk = kernel.size()
	x = F.pad(input, (padding, padding, padding, padding))
	hout = (h - hk + 2*padding)//stride + 1
	wout = (w - wk + 2*padding)//stride + 1
	U = torch.zeros((b, hout*wout, c*hk*wk), dtype = input.dtype)
	p = 0
	for i in range(0, hout*stride, stride):
		for j in range(0, wout*stride, stride):
			U[:, p] = x[:, :, i:i+hk, j:j+wk].reshape(b, -1)
			p += 1
	return U

def fold(U, shape, kernel, stride, padding):
	b, c, h, w = shape
	_, _, hk, wk = kernel.size()
	x = torch.zeros((b, c, h + 2*padding, w + 2*padding), dtype = U.dtype)
	wout = (w - wk + 2*padding)//stride + 1
	for p in range(U.size(1)):
		i, j = p//wout*stride, p%wout*stride
		x[:, :, i:i+hk, j:j+wk] += U[:, p].reshape(b, c, hk, wk)
	if padding > 0:
		x = x[:, :, padding:-padding, padding:-padding]
	return x

### Vraag 7 and 8: the Function

class Conv2DFunc(torch.autograd.Function):

	@staticmethod
	def forward(ctx, input_batch, kernel, stride = 1, padding = 1):
		ctx.save_for_backward(input_batch, kernel)
		ctx.stride = stride
		ctx.padding = padding
		b, c, h, w = input_batch.size()
		c_out, _, hk, wk = kernel.size()
		U = unfold(input_batch, kernel, stride, padding)
		print('unfolded:', U.size())
		W = kernel.contiguous().view(c_out, -1)
		Y = U.matmul(W.t())
		hout = (h - hk + 2*padding)//stride + 1
		Y = Y.transpose(1, 2).contiguous().view(b, c_out, hout, -1)
		print('output:', Y.size())
		return Y

	@staticmethod
	def backward(ctx, grad_output):
		X, K = ctx.saved_tensors
		c_out = K.size(0)
		dY = grad_output.contiguous().view(grad_output.size(0), c_out, -1)
		U = unfold(X, K, ctx.stride, ctx.padding)
		dK = torch.zeros_like(K)
		dX = torch.zeros_like(X)
		for n in range(X.size(0)):
			dK += dY[n].matmul(U[n]).reshape(K.size())
			dU = dY[n].t().matmul(K.reshape(c_out, -1))
			dX[n] = fold(dU.unsqueeze(0), (1,) + X.size()[1:], K, ctx.stride, ctx.padding)[0]
		return dX, dK, None, None

class Conv2D(nn.Module):

	def __init__(self, in_channels, out_channels, kernel_size = (3, 3), stride = 1, padding = 1):
		super(Conv2D, self).__init__()
		self.stride = stride
		self.padding = padding
		self.kernel = nn.Parameter(torch.Tensor(out_channels, in_channels, kernel_size[0], kernel_size[1]))
		nn.init.normal_(self.kernel, std = 0.1)

	def forward(self, input_batch):
		return Conv2DFunc.apply(input_batch, self.kernel, self.stride, self.padding)

### Vraag 1 to 4: derivatives

division_backward = lambda grad, x, y: (grad / y, -grad * x / y**2)
elementwise_backward = lambda grad, x, derivative: grad * derivative(x)
linear_backward = lambda grad, x: grad @ x
expand_backward = lambda grad: grad @ torch.ones(grad.size(1), dtype = grad.dtype)

### Networks

def count_parameters(model):
	n = 0
	for name, p in model.named_parameters():
		if not p.requires_grad:
			continue
		n += p.numel()
	return n

class Net(nn.Module):

	def __init__(self):
		super(Net, self).__init__()
		self.c1 = nn.Conv2d(1, 16, 3, padding = 1)
		self.c2 = nn.Conv2d(16, 32, 3, padding = 1)
		self.c3 = nn.Conv2d(32, 64, 3, padding = 1)
		self.lin = nn.Linear(576, 10)

	def forward(self, x):
		b = x.size(0)
		x = F.max_pool2d(F.relu(self.c1(x)), 2)
		x = F.max_pool2d(F.relu(self.c2(x)), 2)
		x = F.max_pool2d(F.relu(self.c3(x)), 2)
		return self.lin(x.view(b, 576))

class VariableNet(nn.Module):

	def __init__(self, n_filters = 64):
		super(VariableNet, self).__init__()
		self.c1 = nn.Conv2d(1, 16, 3, padding = 1)
		self.c2 = nn.Conv2d(16, 32, 3, padding = 1)
		self.c3 = nn.Conv2d(32, n_filters, 3, padding = 1)
		self.lin = nn.Linear(n_filters, 10)

	def forward(self, x):
		x = F.max_pool2d(F.relu(self.c1(x)), 2)
		x = F.max_pool2d(F.relu(self.c2(x)), 2)
		x = F.max_pool2d(F.relu(self.c3(x)), 2)
		x = F.max_pool2d(x, kernel_size = x.size()[2:])
		return self.lin(x.squeeze(3).squeeze(2))
