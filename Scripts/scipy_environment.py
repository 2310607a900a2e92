"""A virtual environment with scipy for the scripts that prove optima; made at the first use, in .build/scipy-venv."""
import os
import pathlib
import subprocess
import sys
import venv

HOME = pathlib.Path(__file__).resolve().parent.parent / ".build" / "scipy-venv"


def enter(script):
    """Runs `script` again with the environment's Python, unless that is what runs it."""
    if pathlib.Path(sys.prefix) == HOME:
        return
    python = HOME / "bin" / "python"
    if not python.exists():
        venv.create(HOME, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "scipy==1.14.1"], check=True)
    os.execv(python, [str(python), script, *sys.argv[1:]])
