"""What is read of nvidia-smi, /proc and /dev: strictly, so that nothing is guessed."""

import pytest
from gpu_tree import UUIDS, Tree
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import InfrastructureError
from grader.sandbox.gpu.device import MIB, parse_line
from grader.sandbox.gpu.machine import Machine

MIG = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: {gpu})
  MIG 3g.20gb     Device  0: (UUID: MIG-aaaaaaaa-0000-0000-0000-000000000000)
  MIG 1g.5gb      Device  1: (UUID: MIG-bbbbbbbb-0000-0000-0000-000000000000)
"""
DESCRIBED = """\
<?xml version="1.0" ?>
<nvidia_smi_log><gpu id="00000000:01:00.0"><mig_devices>
  <mig_device><index>0</index><gpu_instance_id>2</gpu_instance_id><compute_instance_id>0</compute_instance_id>
    <fb_memory_usage><total>19968 MiB</total><used>25 MiB</used></fb_memory_usage></mig_device>
  <mig_device><index>1</index><gpu_instance_id>9</gpu_instance_id><compute_instance_id>0</compute_instance_id>
    <fb_memory_usage><total>4864 MiB</total><used>12 MiB</used></fb_memory_usage></mig_device>
</mig_devices></gpu></nvidia_smi_log>
"""
MINORS = """\
config 1
monitor 2
gpu0/gi2/access 21
gpu0/gi2/ci0/access 22
gpu0/gi9/access 84
gpu0/gi9/ci0/access 85
"""


def test_a_machine_without_a_driver_has_none(tmp_path):
    machine = Machine(tmp_path)
    assert not machine.has_driver
    assert machine.gpus() == machine.all_nodes() == machine.library_folders() == ()


def test_each_gpu_has_its_own_node(two: Tree):
    first, second = Machine(two.root).gpus()
    assert (first.id, second.id) == UUIDS[:2]
    assert (first.name, first.driver, first.total_bytes) == ("NVIDIA H200", "570.86.15", 143771 * MIB)
    assert first.used_bytes == 4 * MIB
    assert (first.nodes, second.nodes) == (("nvidia1",), ("nvidia0",))


def test_a_gpu_without_a_node_is_not_ours(two: Tree):
    """As in a container that was given one of two, while nvidia-smi counts both."""
    (two.root / "dev/nvidia0").unlink()
    assert [gpu.id for gpu in Machine(two.root).gpus()] == [UUIDS[0]]


def test_memory_that_the_driver_does_not_tell(tree: Tree):
    tree.answer("query", tree.line(0, "[N/A]"))
    assert Machine(tree.root).gpus()[0].used_bytes is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "No devices were found",
        f"0, {UUIDS[0]}, NVIDIA H200, 570.86.15, 143771 MiB, 4 MiB",
        f"0, {UUIDS[0]}, NVIDIA H200, 570.86.15, 143771 MB, 4 MiB, 00000000:01:00.0",
        f"-1, {UUIDS[0]}, NVIDIA H200, 570.86.15, 143771 MiB, 4 MiB, 00000000:01:00.0",
        "0, GPU-../../etc, NVIDIA H200, 570.86.15, 143771 MiB, 4 MiB, 00000000:01:00.0",
        f"0, {UUIDS[0]}, NVIDIA H200, 570.86.15, 143771 MiB, 4 MiB, ../../etc/passwd",
    ],
)
def test_a_line_that_is_not_as_expected(line):
    with pytest.raises(InfrastructureError, match="not understood"):
        parse_line(line)


@given(st.text(max_size=200))
def test_no_text_is_half_understood(text):
    try:
        fields = parse_line(text)
    except InfrastructureError:
        return
    assert len(fields) == 7


def test_nvidia_smi_that_fails(tree: Tree):
    tree.program("#!/bin/sh\necho 'Unable to determine the device handle: GPU is lost.' >&2\nexit 15\n")
    with pytest.raises(InfrastructureError, match=r"exit code 15.*GPU is lost"):
        Machine(tree.root).gpus()


def test_slices_take_the_place_of_a_split_gpu(tree: Tree):
    tree.answer("list", MIG.format(gpu=UUIDS[0]))
    tree.answer(f"describe-{UUIDS[0]}", DESCRIBED)
    (tree.root / "proc/driver/nvidia-caps").mkdir()
    (tree.root / "proc/driver/nvidia-caps/mig-minors").write_text(MINORS)
    large, small = Machine(tree.root).gpus()
    assert small.id == "MIG-bbbbbbbb-0000-0000-0000-000000000000"
    assert (small.parent, small.used_bytes, small.total_bytes) == (UUIDS[0], 12 * MIB, 4864 * MIB)
    assert small.nodes == ("nvidia0", "nvidia-caps/nvidia-cap84", "nvidia-caps/nvidia-cap85")
    assert large.nodes == ("nvidia0", "nvidia-caps/nvidia-cap21", "nvidia-caps/nvidia-cap22")
    assert large.name == "NVIDIA H200 MIG 3g.20gb"


def test_a_slice_that_nothing_describes(tree: Tree):
    tree.answer("list", MIG.format(gpu=UUIDS[0]))
    tree.answer(f"describe-{UUIDS[0]}", "<nvidia_smi_log/>")
    with pytest.raises(InfrastructureError, match="does not describe"):
        Machine(tree.root).gpus()


def test_nodes_and_libraries_are_found_without_asking(two: Tree):
    (two.root / "dev/nvidia-caps").mkdir()
    (two.root / "dev/nvidia-caps/nvidia-cap84").touch()
    (two.root / "dev/nvidia-modeset").touch()  # for displays: nobody's
    (two.root / "usr/local/nvidia/lib64").mkdir(parents=True)
    (two.root / "usr/local/nvidia/lib64/libcuda.so.1").touch()
    machine = Machine(two.root)
    common = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")
    assert machine.all_nodes() == (*common, "nvidia0", "nvidia1", "nvidia-caps/nvidia-cap84")
    assert machine.library_folders() == (two.root / "usr/local/nvidia/lib64",)
