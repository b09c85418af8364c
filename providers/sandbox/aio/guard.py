"""Claims, commands and records of one session inside an AIO Sandbox, which itself has no idempotency key.

Called with one argument: base64 of a JSON request, or @PATH of a file that holds one. Prints one JSON answer. A record is a folder that
is made whole and then renamed into place: exactly one maker wins. Its lock is held by the process that runs the command, and the kernel
lets go of it when that process dies.
"""
import base64, ctypes, fcntl, json, os, select, shutil, signal, subprocess, sys, time, uuid

GONE = "The sandbox stopped while the call ran. Whether, or how far, it took effect is unknown; look before you do it again."
ABANDONED = "The call was ended before it started, and will not start any more."
MARK = "MANAGED_AGENT_SESSION"
TAIL = 256 * 1024
LISTED = 10000


def put(path, text):
    temporary = f"{path}.{uuid.uuid4().hex}"
    with open(temporary, "w") as file:
        file.write(text)
    os.rename(temporary, path)


def get(path):
    try:
        with open(path) as file:
            return json.load(file)
    except (FileNotFoundError, ValueError):
        return None


def adopt_orphans():
    """Whatever descends from this process stays its descendant, also after setsid and a double fork."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def stat_of(place):
    with open(f"{place}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()


def living(name):
    """The folder in /proc that shows a process, and its parent; of one whose first thread has ended, a thread that runs. None: it is gone."""
    try:
        fields = stat_of(f"/proc/{name}")
        if fields[0] not in (b"Z", b"X"):
            return f"/proc/{name}", int(fields[1])
        for thread in os.listdir(f"/proc/{name}/task") if int(fields[17]) > 1 else []:
            place = f"/proc/{name}/task/{thread}"
            if stat_of(place)[0] not in (b"Z", b"X"):
                return place, int(fields[1])
        return None, int(fields[1])
    except OSError:
        return None, 0


def descendants():
    """Every process that this one started, and that those started; zombies count as gone."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        place, parent = living(name)
        children.setdefault(parent, []).append((int(name), place is None))
    found, following = [], [os.getpid()]
    while following:
        for pid, is_gone in children.get(following.pop(), []):
            following.append(pid)
            if not is_gone:
                found.append(pid)
    return found


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass


def end_descendants():
    """Ends them all: stopped first, so that none starts another meanwhile."""
    stopped = set()
    for _ in range(100):
        fresh = set(descendants()) - stopped
        if not fresh:
            break
        signal_all(fresh, signal.SIGSTOP)
        stopped |= fresh
    for _ in range(400):
        rest = descendants()
        if not rest:
            break
        signal_all(rest, signal.SIGKILL)
        time.sleep(0.005)


class Guard:
    def __init__(self, root, session):
        self.root, self.session = root, session
        self.calls = os.path.join(root, "calls")
        self.shell = os.path.join(root, "shell")

    def record(self, id):
        return os.path.join(self.calls, id)

    def generation(self):
        """Names this container: another one, or one that was made anew, has none or another."""
        return get(os.path.join(self.root, "generation"))

    def state(self):
        """The container's name, and whether what is here of the session is whole."""
        return {"generation": self.generation(), "holds": self.holds()}

    def holds(self):
        if os.path.exists(os.path.join(self.root, "restoring")):
            return False
        used = any(not id.startswith("own-") for id in self.names("calls"))
        return used or any(name != "baseline" for name in self.names("archives"))

    def names(self, folder):
        path = os.path.join(self.root, folder)
        return os.listdir(path) if os.path.isdir(path) else []

    def christen(self):
        """Gives the container its name, unless it has one."""
        path, temporary = os.path.join(self.root, "generation"), os.path.join(self.root, f"new-{uuid.uuid4().hex}")
        put(temporary, json.dumps(uuid.uuid4().hex))
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        os.remove(temporary)
        return self.state()

    def archives(self, folders):
        return Archives(self.root, folders)

    def save(self, folders, **rest):
        return self.archives(folders).save(**rest)

    def unpack(self, folders, parts):
        put(os.path.join(self.root, "restoring"), "")
        try:
            return self.archives(folders).unpack(parts)
        finally:
            shutil.rmtree(parts, ignore_errors=True)

    def mark(self, folders, mark):
        self.archives(folders).mark(mark)
        self.remove(os.path.join(self.root, "restoring"))
        return {}

    def folder(self, path):
        os.makedirs(path, exist_ok=True)
        return {}

    def discard(self, path):
        shutil.rmtree(path, ignore_errors=True)
        return {}

    def forget(self, id):
        """Removes the record of a call of the service's own."""
        if id.startswith("own-"):
            shutil.rmtree(self.record(id), ignore_errors=True)
        return {}

    def claim(self, id, spec):
        """Makes the record; the lock's descriptor, or None when somebody made it before."""
        os.makedirs(self.calls, exist_ok=True)
        folder = os.path.join(self.root, f"new-{uuid.uuid4().hex}")
        os.mkdir(folder)
        with open(os.path.join(folder, "spec"), "w") as file:
            json.dump(spec, file)
        lock = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            os.rename(folder, self.record(id))
            return lock
        except OSError:
            os.close(lock)
            shutil.rmtree(folder, ignore_errors=True)
            return None

    def view(self, id, hash=None):
        folder = self.record(id)
        spec = get(os.path.join(folder, "spec"))
        if spec is None:
            return {"state": "unknown"}
        if spec["kind"] == "abandoned":
            return {"state": "lost", "reason": ABANDONED}
        if hash is not None and spec["hash"] != hash:
            return {"state": "conflict"}
        for _ in range(2):
            end = get(os.path.join(folder, "end"))
            if end is not None:
                return self.finished(folder, end)
            if spec["kind"] == "held":
                return {"state": "held", "owner": spec["owner"], "deadline": spec["deadline"], "now": time.time()}
            lock = os.open(os.path.join(folder, "lock"), os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return {"state": "running"}
            finally:
                os.close(lock)
            # It may have ended between the two looks.
        put(os.path.join(folder, "end"), json.dumps({"state": "lost", "reason": GONE}))
        return {"state": "lost", "reason": GONE}

    def finished(self, folder, end):
        if end["state"] != "command":
            return end
        out = os.path.join(folder, "out")
        size = os.path.getsize(out)
        with open(out, "rb") as file:
            head = file.read(end["headBytes"])
        tail = os.path.join(folder, "tail")
        path = tail if os.path.exists(tail) else out
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - TAIL))
            last = file.read()
        encode = lambda data: base64.b64encode(data).decode()
        return {**end, "inFile": size, "head": encode(head), "tail": encode(last)}

    def begin(self, id, mode, hash, kind, **rest):
        if mode == "resume":
            lock = self.claim(id, {"kind": "abandoned"})
            if lock is not None:
                os.close(lock)
                return {"state": "lost", "reason": ABANDONED}
            return self.view(id, hash)
        if kind == "held":
            spec = {"kind": kind, "hash": hash, "owner": rest["owner"], "deadline": time.time() + rest["seconds"]}
        else:
            spec = {"kind": kind, "hash": hash}
        lock = self.claim(id, spec)
        if lock is None:
            return self.view(id, hash)
        if kind == "held":
            os.close(lock)
            return {"state": "won"}
        with open(os.path.join(self.record(id), "command"), "w") as file:
            file.write(rest["command"] + "\0")
        if os.fork() == 0:
            self.detach()
            try:
                self.run(id, lock, **rest)
            finally:
                os._exit(0)
        os.close(lock)
        return {"state": "running"}

    def detach(self):
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def run(self, id, lock, command, script, environment, timeout, fileBytes, headBytes):
        folder = self.record(id)
        os.makedirs(self.shell, exist_ok=True)
        adopt_orphans()
        reader, writer = os.pipe()
        begin = f"exec 3<'{folder}/command'\n"
        child = subprocess.Popen(
            ["/bin/bash", "--noprofile", "--norc", "-c", begin + script, "bash"],
            stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, close_fds=True, cwd="/",
            env={**(os.environ if environment is None else environment), MARK: self.session}, start_new_session=True,
        )
        put(os.path.join(folder, "group"), str(child.pid))
        os.close(writer)
        os.set_blocking(reader, False)
        deadline, ended_by, kill_at = time.time() + timeout, "exit", None
        total, tail, quiet = 0, b"", 0
        with open(os.path.join(folder, "out"), "wb") as out:
            while True:
                select.select([reader], [], [], 0.02)
                try:
                    chunk = os.read(reader, 1 << 16)
                except BlockingIOError:
                    chunk = None
                if chunk:
                    room = max(0, fileBytes - total)
                    out.write(chunk[:room])
                    total += len(chunk)
                    if len(chunk) > room:
                        tail = (tail + chunk[room:])[-TAIL:]
                    if child.poll() is None or quiet == 0:
                        quiet = 0
                if child.poll() is not None:
                    # What it left running may hold the pipe open: only what is there already is taken.
                    quiet += 1
                    if not chunk or quiet > 64:
                        break
                    continue
                now = time.time()
                if ended_by == "exit":
                    if os.path.exists(os.path.join(folder, "kill")):
                        ended_by = "kill"
                    elif now > deadline:
                        ended_by = "timeout"
                    if ended_by != "exit":
                        signal_all(descendants(), signal.SIGTERM)
                        kill_at = now + 2
                elif now > kill_at:
                    end_descendants()
                if chunk == b"":
                    time.sleep(0.02)
        if total > fileBytes:
            with open(os.path.join(folder, "tail"), "wb") as file:
                file.write(tail)
        if ended_by != "exit":
            end_descendants()
        code = child.returncode
        if ended_by == "exit" and code < 0:
            ended_by = "kill"
        self.promote(id)
        self.finish(id, {
            "state": "command", "code": code if code >= 0 else None, "endedBy": ended_by, "total": total,
            "headBytes": headBytes,
        })
        os.close(lock)

    def promote(self, id):
        saved = os.path.join(self.shell, id)
        try:
            with open(saved, "rb") as file:
                whole = file.read(1 << 20).endswith(b"# end of shell state\n")
            if whole:
                os.rename(saved, os.path.join(self.shell, "current"))
            else:
                os.remove(saved)
        except OSError:
            pass

    def wait(self, id, seconds):
        end, pause = time.time() + seconds, 0.005
        while True:
            view = self.view(id)
            if view["state"] not in ("running", "held") or time.time() >= end:
                return view
            time.sleep(min(pause, max(0, end - time.time())))
            pause = min(pause * 1.5, 0.1)

    def kill(self, id):
        lock = self.claim(id, {"kind": "abandoned"})
        if lock is not None:
            os.close(lock)
        else:
            put(os.path.join(self.record(id), "kill"), "")
        return {}

    def finish(self, id, end):
        """Records the end of a held call, unless one stands."""
        path = os.path.join(self.record(id), "end")
        temporary = f"{path}.{uuid.uuid4().hex}"
        with open(temporary, "w") as file:
            json.dump(end, file)
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        os.remove(temporary)
        return get(path)

    def marked(self):
        wanted = f"{MARK}={self.session}".encode()
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) in (os.getpid(), os.getppid()):
                continue
            try:
                with open(f"{living(name)[0] or f'/proc/{name}'}/environ", "rb") as file:
                    if wanted in file.read().split(b"\0"):
                        yield int(name)
            except OSError:
                continue

    def restart(self):
        try:
            os.remove(os.path.join(self.shell, "current"))
        except OSError:
            pass
        kept = set()
        for id in os.listdir(self.calls) if os.path.isdir(self.calls) else []:
            group = get(os.path.join(self.record(id), "group"))
            if group is not None and self.view(id)["state"] == "running":
                kept.add(group)
        count = 0
        for process in list(self.marked()):
            try:
                # The processes of the guard itself carry no mark.
                if os.getsid(process) not in kept:
                    os.kill(process, signal.SIGKILL)
                    count += 1
            except OSError:
                continue
        return {"count": count}

    def stop(self):
        for id in os.listdir(self.calls) if os.path.isdir(self.calls) else []:
            spec = get(os.path.join(self.record(id), "spec"))
            if spec and spec["kind"] != "abandoned" and get(os.path.join(self.record(id), "end")) is None:
                self.finish(id, {"state": "lost", "reason": GONE})
        for _ in range(100):
            found = list(self.marked())
            if not found:
                break
            for process in found:
                try:
                    os.kill(process, signal.SIGKILL)
                except OSError:
                    pass
            time.sleep(0.01)
        return {}

    def setup(self, folders, links, kept):
        for folder in folders:
            if os.access(folder, os.W_OK):
                continue
            try:
                os.makedirs(folder, exist_ok=True)
            except PermissionError:
                subprocess.run(["sudo", "-n", "mkdir", "-p", folder], check=True)
            if not os.access(folder, os.W_OK):
                subprocess.run(["sudo", "-n", "chown", f"{os.getuid()}:{os.getgid()}", folder], check=True)
        for link, target in links.items():
            try:
                make_link(target, link)
            except PermissionError:
                subprocess.run(["sudo", "-n", "ln", "-s", target, link])
                if not os.path.islink(link):
                    raise
        os.makedirs(self.calls, exist_ok=True)
        if kept:
            self.archives(kept).baseline()
        return {"path": os.environ.get("PATH", ""), "machine": os.uname().machine, **self.state()}

    def destroy(self, folders, kept):
        self.stop()
        if kept:
            self.archives(kept).clean_home()
        for folder in folders:
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                path = os.path.join(folder, name)
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    os.remove(path)
        shutil.rmtree(self.root, ignore_errors=True)
        return {}

    def outputs(self, folder):
        files = []
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                try:
                    info = os.lstat(path)
                except OSError:
                    continue
                if not os.path.isfile(path) or os.path.islink(path):
                    continue
                if len(files) == LISTED:
                    return {"files": files, "more": True}
                files.append({
                    "path": os.path.relpath(path, folder), "bytes": info.st_size, "modifiedMs": info.st_mtime_ns // 10**6,
                })
        return {"files": files, "more": False}

    def place(self, temporary, target, mode):
        """Moves an uploaded file to its place, as a whole."""
        os.makedirs(os.path.dirname(target), exist_ok=True)
        # The uploaded file may lie in another file system: only a rename within one is atomic.
        beside = f"{os.path.dirname(target)}/.new-{uuid.uuid4().hex}"
        try:
            shutil.copyfile(temporary, beside)
            os.chmod(beside, mode)
            os.rename(beside, target)
        except OSError:
            if os.path.lexists(beside):
                os.remove(beside)
            raise
        finally:
            os.remove(temporary)
        return {}

    def keep(self, id, target):
        """Gives the agent the whole of a command's output."""
        out = os.path.join(self.record(id), "out")
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(out, target)
        return {}

    def look(self, path):
        """What a path is, links followed; opening it then cannot hang."""
        info = os.stat(path)
        kind = "file" if os.path.isfile(path) else "folder" if os.path.isdir(path) else "other"
        if os.path.realpath(path).startswith(("/proc/", "/sys/", "/dev/")):
            kind = "kernel"
        return {"kind": kind, "bytes": info.st_size}

    def remove(self, path):
        try:
            os.remove(path)
        except FileNotFoundError:
            pass
        return {}

    def number(self):
        """The next number of a process."""
        folder = os.path.join(self.root, "numbers")
        os.makedirs(folder, exist_ok=True)
        number = 1
        while True:
            try:
                os.mkdir(os.path.join(folder, str(number)))
                return {"number": number}
            except FileExistsError:
                number += 1


def main():
    argument = sys.argv[1]
    if argument.startswith("@"):
        with open(argument[1:]) as file:
            request = json.load(file)
        os.remove(argument[1:])
    else:
        request = json.loads(base64.b64decode(argument))
    os.umask(0o022)
    guard = Guard(request.pop("root"), request.pop("session"))
    os.makedirs(guard.root, exist_ok=True)
    wait = request.pop("wait", 0)
    verb = request.pop("verb")
    expected = request.pop("generation", None)
    if expected is not None and expected != guard.generation():
        print(json.dumps({"gone": True}))
        return
    try:
        answer = getattr(guard, verb)(**request)
        if wait > 0 and answer.get("state") == "running":
            answer = guard.wait(request["id"], wait)
    except OSError as error:
        answer = {"error": error.strerror or str(error), "code": error.errno}
    print(json.dumps(answer))


main()
