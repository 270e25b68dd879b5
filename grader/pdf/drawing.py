"""The program that draws, as text: it runs in the sandbox, where the PDF is parsed, and nowhere else."""

from __future__ import annotations

SOURCE = '''
import pypdfium2

_opened = []

def draw(request, longest):
    """The number of pages of a PDF in bytes; or of page `request` its width, height and pixels."""
    if isinstance(request, bytes):
        _opened.append(pypdfium2.PdfDocument(request))
        return len(_opened[0])
    page = _opened[0][request]
    scale = longest / max(*page.get_size(), 1.0)
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False, may_draw_forms=False)
    pixels = bitmap.to_numpy()
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
    pixels = np.ascontiguousarray(pixels[:longest, :longest, :3])
    height, width = pixels.shape[:2]
    bitmap.close()
    page.close()
    return width, height, pixels.tobytes()
'''
