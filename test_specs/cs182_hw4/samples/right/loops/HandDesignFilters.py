import numpy

# loops, tabs and CRLF
def averaging_filtering(image, filter_size = 3):
	rows, columns = len(image), len(image[0])
	out = [[0.0] * columns for _ in range(rows)]
	half = filter_size // 2
	for i in range(rows):
		for j in range(columns):
			total = 0.0
			for a in range(filter_size):
				for b in range(filter_size):
					total += image[mirrored(i + a - half, rows)][mirrored(j + b - half, columns)]
			out[i][j] = total / (filter_size * filter_size)
	return numpy.array(out)

def mirrored(i, n):
	while i < 0 or i >= n:
		if i < 0:
			i = -i - 1
		if i >= n:
			i = 2 * n - 1 - i
	return i

def edge_detecting(image):
	rows, columns = len(image), len(image[0])
	out = []
	for i in range(rows):
		line = []
		for j in range(columns):
			value = -4 * image[i][j]
			for (di, dj) in ((0, 1), (1, 0), (0, -1), (-1, 0)):
				value = value + image[mirrored(i + di, rows)][mirrored(j + dj, columns)]
			line.append(value)
		out.append(line)
	return numpy.array(out)
