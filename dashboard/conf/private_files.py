"""Make Carillon's own files and folders private to the user who runs it.

Every process closes at its start what others can read, whatever the umask was, and reports what it cannot
close, with a hint. Files that Carillon did not make are never changed.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
MARKS = ("secret-key", "run.lock", "carillon.sqlite3", "journal", "uploads", "static", "log")
"""Names in a folder that show that Carillon has written into it before."""
BESIDE_DATABASE = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Paths:
    """Carillon's folders and files. `database`: the SQLite file, None for a server."""

    var_dir: Path
    folders: Sequence[Path]
    """Carillon's own folders, which hold files only."""
    database: Path | None
    project: Path

    def is_shared(self, folder: Path) -> bool:
        """Whether others use the folder too, such as /tmp, a home or the checkout; it must not be closed."""
        home = Path.home()
        if folder in (home, *home.parents, self.project, *self.project.parents):
            return True
        if folder.stat().st_mode & stat.S_ISVTX:
            return True
        names = {path.name for path in list_folder(folder)} if folder == self.var_dir else set()
        return bool(names) and names.isdisjoint(MARKS)

    def all_folders(self) -> list[Path]:
        return [self.var_dir, *(folder.resolve() for folder in self.folders if folder.is_dir())]

    def files(self) -> Iterator[Path]:
        """All files. Links are left out: their targets belong to somebody else."""
        for folder in self.all_folders():
            if not self.is_shared(folder):
                yield from (path for path in list_folder(folder) if path.is_file() and not path.is_symlink())
        if self.database is not None:
            beside = (self.database.with_name(f"{self.database.name}{end}") for end in BESIDE_DATABASE)
            yield from (path for path in beside if path.is_file())

    def is_closed(self, path: Path) -> bool:
        """Whether no other user can read or reach the file."""
        return not mode_of(path) & OTHERS or (
            self.var_dir in path.parents and not mode_of(self.var_dir) & OTHERS
        )


@dataclass(frozen=True, slots=True)
class Exposed:
    """A file or folder that others can read and that cannot be closed."""

    message: str
    hint: str


def prepare_var_dir(var_dir: Path, project: Path) -> Path:
    """Create the folder if needed. Raises SystemExit with a sentence, before any write, if it is unfit."""
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
    paths = Paths(var_dir, (), None, project)
    if paths.is_shared(var_dir) and not paths.is_closed(var_dir):
        exposed = describe(var_dir, paths)
        message = f"{exposed.message} {exposed.hint}"
        raise SystemExit(message)
    return var_dir


def close(paths: Paths) -> None:
    """Remove the permissions of all others, where Carillon owns the file."""
    for path in (*(folder for folder in paths.all_folders() if not paths.is_shared(folder)), *paths.files()):
        if mode_of(path) & OTHERS:
            try:
                path.chmod(mode_of(path) & ~OTHERS)
            except OSError:
                continue  # `problems` reports it


def problems(paths: Paths) -> list[Exposed]:
    """Everything that others can still read."""
    unique_paths = dict.fromkeys((*paths.all_folders(), *paths.files()))
    return [describe(path, paths) for path in unique_paths if not paths.is_closed(path)]


def describe(path: Path, paths: Paths) -> Exposed:
    message = f"{path} can be read by others (mode {mode_of(path):o}), and that cannot be changed."
    setting = "VAR_DIR" if path == paths.var_dir or paths.var_dir in path.parents else "DATABASE_URL"
    if path.is_dir() and paths.is_shared(path):
        hint = f"It holds other things as well. Set VAR_DIR to a folder of its own, such as {path}/carillon."
    elif path.stat().st_uid != os.geteuid():
        hint = f"It belongs to another user. As root: chown {os.geteuid()} {path}; chmod go= {path}"
    else:
        hint = f"This disk keeps no modes, as those of Windows do not. Set {setting} to a place on another."
    return Exposed(message, hint)


def list_folder(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def mode_of(path: Path) -> int:
    """The permission bits; 0 for a file that was deleted meanwhile, as uploads are."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0
