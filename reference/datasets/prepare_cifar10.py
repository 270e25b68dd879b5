"""Put CIFAR-10 into a folder: the real files, or with --offline the stand-in in the same format.

python reference/datasets/prepare_cifar10.py data
python reference/datasets/prepare_cifar10.py elsewhere --offline
"""

from __future__ import annotations

import argparse
from pathlib import Path

from grader import datasets
from grader.datasets_fetch import fetch
from grader.datasets_sources import SOURCES


def main() -> None:
    """Prepare, and say what is there now."""
    parser = argparse.ArgumentParser(description="Put CIFAR-10 into a folder.")
    parser.add_argument("folder", type=Path, help="the folder of all data sets")
    parser.add_argument("--offline", action="store_true", help="write the stand-in, which needs no network")
    options = parser.parse_args()
    source = SOURCES["cifar10"]
    if options.offline:
        write_stand_in(options.folder / source.folder)
    else:
        fetch(source, options.folder)
    data = datasets.cifar10(options.folder)
    print(f"{options.folder / source.folder}: {len(data.train_images)} + {len(data.test_images)} images")


def write_stand_in(folder: Path) -> None:
    """The stand-in under the names of the real files. Refuses a folder where there are some."""
    data = datasets.cifar10(None)
    files = datasets.cifar_files(data.train_images, data.train_labels, data.test_images, data.test_labels)
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} is not empty: name another folder for the stand-in.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
