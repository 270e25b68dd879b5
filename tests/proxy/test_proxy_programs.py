"""Programs of a submission: run like `python file args`, and files that they leave."""

from __future__ import annotations

import pytest

from grader.errors import CallTimeout, NotImplementedYet, RemoteException, SandboxDied, WireError
from grader.proxy import program

TOP = "ada_hw1"


@pytest.fixture
def run(hand_in):
    """run(source, args, **options): the result of the program hw.py, and the submission afterwards."""

    def start(source, args=(), *, more=None, **options):
        files = {f"{TOP}/hw.py": source, f"{TOP}/net.py": "STATE = []\n", **(more or {})}
        root = hand_in(files, entry=f"{TOP}/net.py")
        return root.run_program("hw.py", args, **options), root

    return start


def test_it_runs_as_a_program_in_its_own_folder(run):
    result, _ = run(
        """
        import os, sys
        print(__name__, sys.argv, os.path.basename(os.getcwd()), os.path.basename(__file__))
        print(sys.modules["__main__"].__dict__ is globals())
        """,
        ["./data", "-e", "3"],
    )
    assert result.exit_code == 0
    assert result.stdout == f"__main__ ['hw.py', './data', '-e', '3'] {TOP} hw.py\nTrue\n"
    assert result.seconds >= 0
    assert result.files == ()


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("sys.exit()", 0),
        ("sys.exit(3)", 3),
        ("sys.exit(-1)", 255),
        ("sys.exit('no data')", 1),
        ("raise SystemExit(True)", 1),
        ("import argparse; argparse.ArgumentParser().parse_args(['--unknown'])", 2),
    ],
)
def test_exit_codes(run, end, code):
    assert run(f"import sys\n{end}\n")[0].exit_code == code


def test_what_it_raises_is_told_with_its_frames(run, hand_in):
    with pytest.raises(RemoteException) as caught:
        run("def go():\n    return [][1]\n\ngo()\n")
    assert caught.value.type_name == "IndexError"
    assert [(frame.file, frame.line) for frame in caught.value.frames] == [
        (f"{TOP}/hw.py", 4),
        (f"{TOP}/hw.py", 2),
    ]


def test_a_syntax_error_names_the_line(run):
    with pytest.raises(RemoteException, match=r"SyntaxError.*hw\.py, line 2"):
        run("x = 1\nfor\n")


def test_only_what_is_new_or_changed_is_listed(run):
    result, root = run(
        """
        import os
        os.makedirs("figures/deep")
        open("figures/deep/loss.txt", "w").write("12345")
        open("../beside.txt", "w").write("1")
        open("old.txt", "a").write("!")
        open("data/in.txt").read()
        os.remove("gone.txt")
        """,
        files={"data/in.txt": b"in"},
        more={f"{TOP}/old.txt": "old", f"{TOP}/gone.txt": "", f"{TOP}/same.txt": ""},
    )
    assert dict(result.files) == {"../beside.txt": 1, "figures/deep/loss.txt": 5, "old.txt": 4}
    assert [path for path, _ in result.files] == sorted(path for path, _ in result.files)
    assert root.read_file("figures/deep/loss.txt") == b"12345"
    assert root.read_file("old.txt", 4) == b"old!"


def test_its_modules_are_fresh_and_those_of_the_tests_stay(hand_in):
    files = {"hw.py": "import net\nnet.STATE.append(1)\nprint(net.STATE)\n", "net.py": "STATE = []\n"}
    root = hand_in(files, entry="net.py")
    root.define("lambda module: module.STATE.append(0)")(root.solution)
    assert [root.run_program("hw.py").stdout for _ in range(2)] == ["[1]\n"] * 2
    assert root.solution.STATE == [0]
    assert root.define("lambda: __import__('sys').modules['solution'].STATE")() == [0]


def test_arguments_path_and_folder_are_as_before(run):
    _, root = run("import sys, os\nsys.argv.append('x'); sys.path.append('y'); os.chdir('/')\n", ["a"])
    assert root.define("lambda: __import__('sys').argv")()[0] != "hw.py"
    assert "y" not in root.define("lambda: __import__('sys').path")()
    assert root.define("lambda: __import__('os').getcwd()")() != "/"


def test_figures_need_no_screen(run):
    result, root = run(
        """
        import matplotlib
        matplotlib.use("TkAgg")
        import matplotlib.pyplot as plt
        import warnings; warnings.simplefilter("ignore")
        plt.plot([1, 2]); plt.savefig("loss.png"); plt.show(); plt.close()
        """
    )
    assert [path for path, _ in result.files] == ["loss.png"]
    assert root.read_file("loss.png").startswith(b"\x89PNG")


def test_stdout_is_kept_and_part_of_the_output(run):
    result, root = run("import sys\nprint('out')\nprint('err', file=sys.stderr)\n")
    assert result.stdout == "out\n"
    assert root.session.drain_output() == "out\nerr\n"


def test_long_output_is_cut(run):
    result, _ = run("for _ in range(100): print('x' * 999)\n")
    assert len(result.stdout) == 1 << 16


def test_threads_are_waited_for(run):
    source = (
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(.05), open('t', 'w'))).start()\n"
    )
    assert run(source)[0].files == (("t", 0),)


def test_a_fork_that_comes_to_the_end_does_not_answer(run):
    result, root = run(
        """
        import os
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
        print("first" if pid else "second")
        """
    )
    assert result.stdout == "first\n"
    assert root.solution.STATE == []


def test_a_fork_that_raises_does_not_answer(run):
    source = "import os\npid = os.fork()\nif not pid: 1 / 0\nos.waitpid(pid, 0)\n"
    assert run(source)[0].exit_code == 0


def test_a_missing_program_is_not_implemented_yet(run, hand_in):
    with pytest.raises(NotImplementedYet, match=r"There is no file `hw\.py` to run"):
        hand_in("x = 1").run_program("hw.py")


def test_a_program_that_never_ends_costs_its_own_call(run, hand_in):
    root = hand_in({"hw.py": "while True: pass\n", "net.py": "def f(): return 1\n"}, entry="net.py")
    with pytest.raises(CallTimeout):
        root.run_program("hw.py", seconds=0.2)
    assert root.solution.f() == 1


def test_ending_the_process_is_told(run):
    with pytest.raises(SandboxDied, match="exit code 7"):
        run("import os\nos._exit(7)\n")


def test_a_flood_of_output_ends_it(run):
    with pytest.raises(SandboxDied, match="printed more"):
        run("while True: print('x' * 1000)\n")


@pytest.mark.parametrize(
    "source",
    [
        "import shutil, os\nshutil.rmtree(os.getcwd())\n",
        "import shutil, os\nshutil.rmtree(os.path.dirname(os.getcwd()))\n",
        "import os\nhere = os.getcwd(); os.rename(here, here + 'x'); os.symlink('/', here)\n",
        "import os\nhere = os.getcwd(); os.rename(here, here + 'x'); open(here, 'w').close()\n",
        "import os\nup = os.path.dirname(os.getcwd()); os.rename(up, up + 'x'); os.symlink('/usr', up)\n",
        "import sys\nsys.stdout = None; sys.modules.clear(); sys.path = None; sys.argv = None\n",
        "import sys\nfor name in list(sys.modules): sys.modules[name] = None\n",
        "import os\nos.chmod('.', 0); os.mkdir('../x', 0)\n",
    ],
)
def test_whatever_it_does_to_its_surroundings_it_has_a_result_or_fails_by_itself(run, source):
    """Nothing but a result or an exception of the student's family comes out."""
    try:
        result, root = run(source)
    except (RemoteException, SandboxDied, WireError):
        return
    assert result.exit_code == 0
    assert len(result.files) <= 1000
    with pytest.raises((NotImplementedYet, RemoteException)):
        root.read_file("net.py.none")


def test_links_out_of_the_folder_are_neither_listed_nor_followed(run):
    result, root = run(
        """
        import os
        os.symlink("/", "all"); os.symlink("/etc/passwd", "file"); os.symlink("..", "up")
        os.mkdir("real"); os.symlink("../hw.py", "real/own")
        os.mkfifo("pipe")
        import socket; socket.socket(socket.AF_UNIX).bind("socket")
        """
    )
    assert result.files == ()
    refused = {
        "file": "is a link",
        "real/own": "is a link",
        "pipe": "no regular file",
        "real": "no regular file",
        "socket": "cannot be read",
        "all/etc/passwd": "cannot be read",
        "up/hw1.py": "cannot be read",
        "hw.py/x": "cannot be read",
        "none": "There is no file",
        "../outside": "no path below",
        "real/../hw.py": "no path below",
        "/etc/passwd": "no path below",
        "": "no path below",
        "a\0b": "cannot be read",
        "x" * 5000: "cannot be read",
    }
    for path, why in refused.items():
        with pytest.raises(NotImplementedYet, match=why):
            root.read_file(path)


def test_a_file_that_is_too_big_is_not_read(run):
    _, root = run("open('sparse', 'wb').truncate(10**12)\nopen('fits', 'wb').write(b'12345')\n")
    with pytest.raises(NotImplementedYet, match="too big: it has 1000000000000 bytes, and 5 may be read"):
        root.read_file("sparse", 5)
    assert root.read_file("fits", 5) == b"12345"
    with pytest.raises(NotImplementedYet, match="too big"):
        root.read_file("fits", 4)


def test_the_list_of_files_has_an_end(run):
    result, _ = run("for n in range(1500): open(f'f{n:05}', 'w').close()\n")
    assert len(result.files) == 1000
    assert result.files[0] == ("f00000", 0)


def test_names_that_are_no_text_are_listed_as_far_as_they_are(run):
    result, _ = run("open(b'\\xff\\xfe', 'w').close()\n")
    assert result.files == (("??", 0),)


def test_files_for_the_program_stay_below_its_folder(run):
    with pytest.raises(RemoteException, match="leaves the folder"):
        run("pass\n", files={"../../x": b""})


def test_where_nothing_could_be_loaded_nothing_is_run(hand_in):
    files = {"hw.py": "print(1)\n", "net.py": "import os\nx = os._exit(4)\n"}
    root = hand_in(files, entry="net.py")
    with pytest.raises(SandboxDied, match="exit code 4"):
        root.run_program("hw.py")


def test_a_module_that_fails_does_not_keep_a_program_from_running(hand_in):
    files = {"hw.py": "print(1)\n", "net.py": "Dear TA,\n"}
    assert hand_in(files, entry="net.py").run_program("hw.py").stdout == "1\n"


@pytest.mark.parametrize(
    "claim",
    [
        None,
        (0, "", 1.0),
        [0, "", 1.0, []],
        (True, "", 1.0, []),
        (256, "", 1.0, []),
        (-1, "", 1.0, []),
        ("0", "", 1.0, []),
        (0, b"", 1.0, []),
        (0, "", float("nan"), []),
        (0, "", float("inf"), []),
        (0, "", 1, []),
        (0, "", -1.0, []),
        (0, "", 1.0, None),
        (0, "", 1.0, [("a", 1)] * 1001),
        (0, "", 1.0, [("a", -1)]),
        (0, "", 1.0, [("a", True)]),
        (0, "", 1.0, [("a", 1.0)]),
        (0, "", 1.0, [["a", 1]]),
        (0, "", 1.0, [("a", 1, 2)]),
        (0, "", 1.0, [("a" * 5000, 1)]),
        (0, "", 1.0, [(b"a", 1)]),
    ],
)
def test_a_false_claim_of_a_result_is_refused(claim):
    with pytest.raises(WireError):
        program.result(claim)


def test_a_claim_is_cut():
    assert len(program.result((0, "x" * 100_000, 1.0, [])).stdout) == 1 << 16


@pytest.mark.parametrize("claim", [None, "text", [], b"123456", bytearray(b"1")])
def test_a_false_content_is_refused(claim):
    with pytest.raises(WireError):
        program.content(claim, 5)
