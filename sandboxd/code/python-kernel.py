"""The Python of a sandbox's execute_code: one process that keeps its names from call to call.

It listens on a unix socket. A client sends one line of JSON with the code and the files that are its standard output and error, which are
opened here, so that everything written by the code and by its subprocesses goes straight there.
"""

import ast
import asyncio
import concurrent.futures
import contextvars
import functools
import inspect
import io
import json
import linecache
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback

namespace = {"__name__": "__main__", "__builtins__": __builtins__}
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
calls = 0
# Which call code belongs to, through its tasks and threads.
owner = contextvars.ContextVar("owner", default=None)


class CallStream(io.TextIOWrapper):
    """Standard output or error. What a thread or task of an earlier call writes has no reader: that call has its result."""

    def write(self, text):
        return len(text) if is_late() else super().write(text)


def is_late():
    """Whether what runs belongs to an earlier call."""
    return owner.get() not in (None, calls)


def in_call(call, work, *words, **named):
    token = owner.set(call)
    try:
        return work(*words, **named)
    finally:
        owner.reset(token)


def follow_calls():
    """Threads begin without a call; they get that of who starts them, and those of pools that of who hands work to them."""
    start = threading.Thread.start
    submit = concurrent.futures.ThreadPoolExecutor.submit

    def start_in_call(thread):
        run, call = thread.run, owner.get()

        def run_in_call():
            # Not undone: what the thread says of its own failure comes after its work.
            owner.set(call)
            run()

        thread.run = run_in_call
        return start(thread)

    def submit_in_call(pool, work, /, *words, **named):
        return submit(pool, in_call, owner.get(), work, *words, **named)

    threading.Thread.start = start_in_call
    concurrent.futures.ThreadPoolExecutor.submit = submit_in_call
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        before = getattr(sys, name)
        raw = open(descriptor, "wb", 0, closefd=False)
        setattr(sys, name, CallStream(raw, before.encoding, before.errors, write_through=True))


def silence_late_ones():
    """Descriptors 1 and 2 are those of the call that runs now: programs that earlier ones start only now, and direct writes, must not have them."""
    init, system, write, handle = subprocess.Popen.__init__, os.system, os.write, signal.signal

    @functools.wraps(init)
    def init_in_call(process, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None, *rest, **named):
        if is_late():
            stdout, stderr = (subprocess.DEVNULL if one is None else one for one in (stdout, stderr))
        init(process, args, bufsize, executable, stdin, stdout, stderr, *rest, **named)

    def system_in_call(command):
        return system(f"exec >/dev/null 2>&1\n{command}" if is_late() and isinstance(command, str) else command)

    def write_in_call(descriptor, data, /):
        return len(data) if is_late() and descriptor in (1, 2) else write(descriptor, data)

    def handle_in_call(number, handler):
        if not callable(handler) or handler is signal.default_int_handler or owner.get() is None:
            return handle(number, handler)
        call = owner.get()
        return handle(number, lambda *words: in_call(call, handler, *words))

    subprocess.Popen.__init__ = init_in_call
    os.system, os.write, signal.signal = system_in_call, write_in_call, handle_in_call


def evaluate(node, mode, name):
    code = compile(node, name, mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    value = eval(code, namespace)
    return loop.run_until_complete(value) if inspect.iscoroutine(value) and code.co_flags & inspect.CO_COROUTINE else value


def run(source):
    """Runs the source and shows the value of its last expression."""
    name = f"<code {calls}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    tree = ast.parse(source, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    if tree.body:
        evaluate(tree, "exec", name)
    if last is not None:
        value = evaluate(ast.Expression(last.value), "eval", name)
        if value is not None:
            namespace["_"] = value
            print(repr(value))


def show_error():
    kind, value, trace = sys.exc_info()
    # The frames of this file, and of the parser that it calls, say nothing about the code.
    while trace is not None and trace.tb_frame.f_code.co_filename in (__file__, ast.__file__):
        trace = trace.tb_next
    traceback.print_exception(kind, value, trace)


def redirect(path, descriptor):
    opened = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.dup2(opened, descriptor)
    os.close(opened)


def serve(connection):
    global calls
    reader = connection.makefile("r", encoding="utf-8")
    connection.sendall(json.dumps({"pid": os.getpid()}).encode() + b"\n")
    line = reader.readline()
    if not line:
        return
    request = json.loads(line)
    ok = True
    calls += 1
    owner.set(calls)
    try:
        redirect(request["out"], 1)
        redirect(request["err"], 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        run(request["code"])
    except SystemExit as error:
        ok = error.code in (None, 0)
    except BaseException:
        ok = False
        show_error()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                pass
        redirect(os.devnull, 1)
        redirect(os.devnull, 2)
    connection.sendall(json.dumps({"ok": ok}).encode() + b"\n")


def main():
    path = sys.argv[1]
    follow_calls()
    silence_late_ones()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path + ".new")
    server.listen(16)
    os.rename(path + ".new", path)
    sys.path.insert(0, os.getcwd())
    while True:
        connection, _ = server.accept()
        with connection:
            try:
                serve(connection)
            except OSError:
                # The client is gone: its call was ended.
                pass


main()
