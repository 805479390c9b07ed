"""The programs of others, from npm and PyPI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


class Programs:
    """What is locked, in a directory; what is there already stays."""

    def __init__(self, place):
        self.place = place
        self.python = place / "venv/bin/python"
        self.canaille = place / "venv/bin/canaille"
        self.node = place / "venv/bin/node"
        place.mkdir(parents=True, exist_ok=True)
        if not self.canaille.exists():
            self._install_from_pypi()
        if not (place / "node_modules").exists():
            self._install_from_npm()
        for script in HERE.glob("*.mjs"):
            # Where their packages are found.
            shutil.copy(script, place)

    def _install_from_pypi(self):
        _quietly([sys.executable, "-m", "venv", self.place / "venv"])
        pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _quietly([*pip, "--retries", "2", "-r", HERE / "requirements.txt"])

    def _install_from_npm(self):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, self.place)
        npm = [self.node.with_name("npm"), "ci"]
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        path = f"{self.node.parent}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path}
        _quietly([*npm, *options], cwd=self.place, env=environment)

    def script(self, name, *arguments):
        """The command that runs a script for Node.js."""
        return [str(self.node), str(self.place / name), *map(str, arguments)]

    def run(self, name, *arguments):
        """What such a script prints."""
        command = self.script(name, *arguments)
        return subprocess.run(command, text=True, check=True, stdout=subprocess.PIPE).stdout


def _quietly(command, **options):
    """What it says is kept for the error."""
    subprocess.run(command, check=True, text=True, capture_output=True, **options)
