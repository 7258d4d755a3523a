"""What this machine keeps is readable by the user who runs Carillon, and by nobody else.

Whatever the umask was and however a folder was made: what is open to others is closed at the start of every
process, and what cannot be closed is said, with what to do. Nothing is changed that Carillon did not make.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
MARKS = ("secret-key", "run.lock", "carillon.sqlite3", "journal", "uploads", "static", "log")
"""What a folder holds that Carillon has written into before."""
BESIDE_DATABASE = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Kept:
    """Where everything is. `database`: the file of SQLite, None for a server."""

    var_dir: Path
    folders: Sequence[Path]
    """Of ours, with nothing below them but files."""
    database: Path | None
    project: Path

    def is_shared(self, folder: Path) -> bool:
        """Not Carillon's alone, such as /tmp, a home or the checkout: not ours to close."""
        home = Path.home()
        if folder in (home, *home.parents, self.project, *self.project.parents):
            return True
        if folder.stat().st_mode & stat.S_ISVTX:
            return True
        names = {path.name for path in _inside(folder)} if folder == self.var_dir else set()
        return bool(names) and names.isdisjoint(MARKS)

    def all_folders(self) -> list[Path]:
        return [self.var_dir, *(folder.resolve() for folder in self.folders if folder.is_dir())]

    def files(self) -> Iterator[Path]:
        """Links are left out: what they lead to is somebody else's."""
        for folder in self.all_folders():
            if not self.is_shared(folder):
                yield from (path for path in _inside(folder) if path.is_file() and not path.is_symlink())
        if self.database is not None:
            beside = (self.database.with_name(f"{self.database.name}{end}") for end in BESIDE_DATABASE)
            yield from (path for path in beside if path.is_file())

    def is_closed(self, path: Path) -> bool:
        """Nobody else reads it, or nobody else reaches it."""
        return not _mode(path) & OTHERS or (self.var_dir in path.parents and not _mode(self.var_dir) & OTHERS)


@dataclass(frozen=True, slots=True)
class Open:
    """Something that others can read, and that cannot be closed."""

    said: str
    hint: str


def folder_of(var_dir: Path, project: Path) -> Path:
    """The folder, made if need be. SystemExit with a sentence, before anything is written, if it is unfit."""
    # Also for what libraries write: the files beside a database, a compressed style sheet, a temporary file.
    os.umask(OTHERS)
    try:
        var_dir.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    except OSError as error:
        message = f"VAR_DIR {var_dir} cannot be made: {error.strerror}. Name a folder that you may make."
        raise SystemExit(message) from None
    if not os.access(var_dir, os.R_OK | os.W_OK | os.X_OK):
        message = (
            f"VAR_DIR {var_dir} cannot be read and written by the user who runs Carillon. "
            f"It must belong to that user: chown -R {os.geteuid()} {var_dir}"
        )
        raise SystemExit(message)
    kept = Kept(var_dir, (), None, project)
    if kept.is_shared(var_dir) and not kept.is_closed(var_dir):
        found = _problem(var_dir, kept)
        message = f"{found.said} {found.hint}"
        raise SystemExit(message)
    return var_dir


def close(kept: Kept) -> None:
    """Take from all others what they may do with it, where that is ours to change."""
    for path in (*(folder for folder in kept.all_folders() if not kept.is_shared(folder)), *kept.files()):
        if _mode(path) & OTHERS:
            try:
                path.chmod(_mode(path) & ~OTHERS)
            except OSError:
                continue  # `problems` says it


def problems(kept: Kept) -> list[Open]:
    """What others can read all the same."""
    paths = dict.fromkeys((*kept.all_folders(), *kept.files()))
    return [_problem(path, kept) for path in paths if not kept.is_closed(path)]


def _problem(path: Path, kept: Kept) -> Open:
    said = f"{path} can be read by others (mode {_mode(path):o}), and that cannot be changed."
    setting = "VAR_DIR" if path == kept.var_dir or kept.var_dir in path.parents else "DATABASE_URL"
    if path.is_dir() and kept.is_shared(path):
        hint = f"It holds other things as well. Set VAR_DIR to a folder of its own, such as {path}/carillon."
    elif path.stat().st_uid != os.geteuid():
        hint = f"It belongs to another user. As root: chown {os.geteuid()} {path}; chmod go= {path}"
    else:
        hint = f"This disk keeps no modes, as those of Windows do not. Set {setting} to a place on another."
    return Open(said, hint)


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _mode(path: Path) -> int:
    """0 for what went away meanwhile, as uploads do."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0
