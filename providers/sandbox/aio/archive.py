"""What a session keeps in an AIO Sandbox, as tar archives: a full one, and ones of changes on top of it.

Stands before the guard in one program. Names in archives begin with the name of a kept folder, wherever that lies here.
"""
import hashlib, json, os, stat, subprocess, time, uuid

# Below this, changes are saved as changes however small the rest is.
SMALL = 1024 * 1024
# What programs make again by themselves, what can be as large as they like, and what belongs to AIO's own services.
LEFT_OUT = (
    "home/.managed-agent", "home/.managed-agent-owner", "home/.cache", "home/.npm/_cacache", "home/.npm/_logs",
    "home/.config/chromium", "home/.config/google-chrome", "home/.config/browser", "home/.pki", "home/.vnc", "home/.dbus",
    "home/.Xauthority", "home/.local/share/jupyter/runtime", "home/.local/share/code-server", "home/.vscode-server",
    "home/.ipython/profile_default/history.sqlite", "home/.ipython/profile_default/pid",
    "home/.ipython/profile_default/log", "home/.ipython/profile_default/security",
    "home/.ipython/profile_default/startup/00-packages.py", "home/.node_modules",
)
SHELL_STATE = "shell/current"
REMOVED = "removed"
CREATE = [
    "--create", "--format=posix", "--pax-option=delete=atime,delete=ctime", "--no-recursion", "--null",
    "--verbatim-files-from", "--files-from=-", "--numeric-owner", "--owner=0", "--group=0", "--ignore-failed-read",
    "--warning=no-file-changed",
]
EXTRACT = [
    "--extract", "--preserve-permissions", "--no-same-owner", "--delay-directory-restore", "--exclude", REMOVED,
    "--anchored", "--warning=no-timestamp",
]


def make_link(target, link):
    """Makes it unless it is there: another worker may be setting the session up at the same time."""
    try:
        os.symlink(target, link)
    except FileExistsError:
        pass


class Archives:
    def __init__(self, root, folders):
        self.root, self.folders = root, folders
        self.roots, self.marks = os.path.join(root, "roots"), os.path.join(root, "archives")
        self.shell = os.path.join(root, "shell")
        for folder in (self.roots, self.marks, self.shell):
            os.makedirs(folder, exist_ok=True)
        for name, target in {**folders, "shell": self.shell}.items():
            make_link(target, os.path.join(self.roots, name))

    def note(self, name, listing):
        temporary = os.path.join(self.root, f"new-{uuid.uuid4().hex}")
        with open(temporary, "w") as file:
            json.dump(listing, file)
        os.rename(temporary, os.path.join(self.marks, name))

    def read(self, name):
        try:
            with open(os.path.join(self.marks, name)) as file:
                return json.load(file)
        except (OSError, ValueError):
            return None

    def baseline(self):
        """Notes what the container brought along, before anything of the session is in it. That is not the session's to keep."""
        if self.read("baseline") is None:
            self.note("baseline", self.walk("home", {}, None))

    def clean_home(self):
        """Removes what the container did not bring along."""
        baseline = self.read("baseline")
        if baseline is None:
            return
        added = [name for name in self.walk("home", {}, None) if name not in baseline]
        for name in sorted(added, reverse=True):
            path = os.path.join(self.roots, name)
            try:
                os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.remove(path)
            except OSError:
                continue

    def walk(self, name, listing, most):
        top = os.path.join(self.roots, name)
        if not os.path.isdir(top):
            return listing
        device = os.stat(top).st_dev
        pending = [(os.path.realpath(top), name)]
        while pending:
            where, shown = pending.pop()
            try:
                entries = list(os.scandir(where))
            except OSError:
                continue
            for entry in entries:
                path = f"{shown}/{entry.name}"
                if path in LEFT_OUT:
                    continue
                try:
                    info = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                mode = stat.S_IMODE(info.st_mode)
                if stat.S_ISDIR(info.st_mode):
                    # What happens in a folder shows in its entries.
                    listing[path] = [f"d {mode:o}", 0]
                    if info.st_dev == device:
                        pending.append((entry.path, path))
                elif stat.S_ISLNK(info.st_mode) or (stat.S_ISREG(info.st_mode) and os.access(entry.path, os.R_OK)):
                    kind, size = ("l", 0) if stat.S_ISLNK(info.st_mode) else ("f", info.st_size)
                    state = f"{kind} {mode:o} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns} {info.st_ino}"
                    listing[path] = [state, size]
                if most is not None and len(listing) > most:
                    return listing
        return listing

    def listing(self, most):
        """Everything that is kept, up to a little more than `most`."""
        baseline = self.read("baseline") or {}
        home = self.walk("home", {}, most + len(baseline))
        listing = {name: row for name, row in home.items() if baseline.get(name, [None])[0] != row[0]}
        for name in self.folders:
            if name != "home":
                self.walk(name, listing, most)
        try:
            with open(os.path.join(self.roots, SHELL_STATE), "rb") as file:
                # It is written anew by every command, mostly as it was.
                content = file.read(SMALL)
                listing[SHELL_STATE] = [hashlib.sha256(content).hexdigest(), len(content)]
        except OSError:
            pass
        return listing

    def save(self, since, maxBytes, maxFiles):
        for name in os.listdir(self.root):
            # Of a save that broke off.
            old = os.path.join(self.root, name)
            if name.startswith("archive-") and os.lstat(old).st_mtime < time.time() - 1800:
                os.remove(old)
        now = self.listing(maxFiles)
        files, total = len(now), sum(size for _, size in now.values())
        if files > maxFiles or total > maxBytes:
            return {"state": "too_large", "bytes": total, "files": files}
        before = None if since is None else self.read(since)
        changed = [name for name, row in now.items() if (before or {}).get(name, [None])[0] != row[0]]
        removed = [name for name, row in (before or {}).items() if name not in now or self.turned(row, now[name])]
        if before is not None and not changed and not removed:
            return {"state": "unchanged"}
        mark = str(uuid.uuid4())
        for name in os.listdir(self.marks):
            if name not in ("baseline", since):
                os.remove(os.path.join(self.marks, name))
        self.note(mark, now)
        size = sum(now[name][1] for name in changed)
        if before is None or (size > SMALL and size * 2 > total):
            names, kind, size, files = list(now), "full", total, files
        else:
            with open(os.path.join(self.roots, REMOVED), "wb") as file:
                file.write(b"".join(os.fsencode(name) + b"\0" for name in removed))
            names, kind, files = [REMOVED, *changed], "changes", len(changed)
        path = os.path.join(self.root, f"archive-{mark}.tar")
        self.pack(path, names)
        return {"state": "saved", "mark": mark, "kind": kind, "bytes": size, "files": files, "path": path}

    def turned(self, before, now):
        """Whether a thing became one of another kind: a folder does not go where a file is, nor the other way round."""
        return before[0].startswith("d ") != now[0].startswith("d ")

    def pack(self, path, names):
        """Files that change or go while they are read are saved as they were found."""
        words = ["nice", "-n", "10", "tar", *CREATE, "--file", path]
        said = subprocess.run(
            words, cwd=self.roots, input=b"".join(os.fsencode(name) + b"\0" for name in names), capture_output=True,
        )
        if said.returncode not in (0, 1):
            os.path.exists(path) and os.remove(path)
            raise OSError(5, f"tar ended with {said.returncode}: {said.stderr[-500:]!r}")

    def unpack(self, folder):
        """Puts back an archive that lies in parts in a folder, whose name says that this began."""
        parts = sorted(name for name in os.listdir(folder) if name.startswith("part-"))
        with open(os.path.join(folder, REMOVED), "rb") as file:
            names = [name for name in file.read().split(b"\0") if name]
        if names:
            words = ["xargs", "-0", "rm", "-rf", "--"]
            subprocess.run(words, cwd=self.roots, input=b"".join(name + b"\0" for name in names), check=True)
        tar = subprocess.Popen(
            ["tar", *EXTRACT, "--file=-"], cwd=self.roots, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            for name in parts:
                with open(os.path.join(folder, name), "rb") as file:
                    while chunk := file.read(1 << 20):
                        tar.stdin.write(chunk)
        except BrokenPipeError:
            pass
        _, said = tar.communicate()
        if tar.returncode != 0:
            raise OSError(5, f"tar ended with {tar.returncode}: {said[-500:]!r}")
        return {}

    def mark(self, mark):
        for name in os.listdir(self.marks):
            if name != "baseline":
                os.remove(os.path.join(self.marks, name))
        self.note(mark, self.listing(10**9))
        return {}
