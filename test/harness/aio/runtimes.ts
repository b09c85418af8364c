import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { AioRefusal } from './bash.ts';
import type { AioContainer } from './container.ts';

const PYTHON = `
import ast, contextlib, io, json, pathlib, sys, traceback
space = {}
# As IPython does.
for script in sorted(pathlib.Path.home().glob(".ipython/profile_default/startup/*.py")):
    exec(compile(script.read_text(), str(script), "exec"), space)
for line in sys.stdin:
    code, out, result, error = json.loads(line), io.StringIO(), None, None
    try:
        with contextlib.redirect_stdout(out):
            tree = ast.parse(code)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "<cell>", "exec"), space)
            if last is not None:
                result = eval(compile(ast.Expression(last.value), "<cell>", "eval"), space)
    except BaseException as failure:
        error = [type(failure).__name__, str(failure), traceback.format_exc().splitlines()]
    print(json.dumps([out.getvalue(), None if result is None else repr(result), error]), flush=True)
`;
const JAVASCRIPT = `
const vm = require('node:vm'), lines = require('node:readline').createInterface({ input: process.stdin });
let out = ''; const space = vm.createContext({ require: require('node:module').createRequire('/workspace/'), console: { log: (...words) => { out += words.join(' ') + '\\n'; } } });
lines.on('line', (line) => { out = ''; let error = null, result;
  try { result = vm.runInContext(JSON.parse(line), space); } catch (failure) { error = [failure.name, failure.message, [String(failure.stack)]]; }
  console.log(JSON.stringify([out, result === undefined ? null : String(result), error])); });
`;

type Answer = [printed: string, result: string | null, error: [string, string, string[]] | null];

/** `/v1/jupyter/*` and `/v1/nodejs/*`: a runtime for each session, which keeps its variables. */
export interface AioRuntimes {
  execute(
    kind: 'jupyter' | 'nodejs',
    request: { code: string; session_id: string; timeout?: number },
  ): Promise<object>;
  /** Of Node: it runs nothing in a session that was not made. */
  create(kind: 'nodejs', session: string): object;
  end(kind: string, session: string): object;
}

export function createAioRuntimes(container: AioContainer): AioRuntimes {
  const made = new Set<string>();
  const running = new Map<string, { child: ChildProcess; lines: Interface }>();

  function runtime(kind: 'jupyter' | 'nodejs', session: string): { child: ChildProcess; lines: Interface } {
    const key = `${kind}/${session}`;
    const known = running.get(key);
    if (known !== undefined) return known;
    const words = kind === 'jupyter' ? ['python3', '-u', '-c', PYTHON] : ['node', '-e', JAVASCRIPT];
    const child = container.run(words, { cwd: '/workspace' });
    if (child.stdout === null) throw new Error('a runtime has no output');
    child.stdin?.on('error', () => undefined);
    const started = { child, lines: createInterface(child.stdout) };
    running.set(key, started);
    child.once('exit', () => {
      if (running.get(key) === started) running.delete(key);
    });
    return started;
  }

  return {
    create(kind, session) {
      made.add(`${kind}/${session}`);
      return { session_id: session };
    },
    async execute(kind, { code, session_id: session, timeout = 30 }) {
      if (kind === 'nodejs' && !made.has(`nodejs/${session}`))
        throw new AioRefusal(`Session not found: ${session}`);
      const { child, lines } = runtime(kind, session);
      child.stdin?.write(`${JSON.stringify(code)}\n`);
      const late = AbortSignal.timeout(timeout * 1_000);
      const line = await Promise.race([
        once(lines, 'line', { signal: late }).then(([text]) => text as string),
        once(child, 'exit').then(() => null),
      ]).catch(() => null);
      const head = kind === 'jupyter' ? { kernel_name: 'python3' } : { language: 'javascript', exit_code: 0 };
      if (line === null) {
        // What goes on running would answer the next request.
        if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
        return { ...head, status: late.aborted ? 'timeout' : 'error', outputs: [], code, exit_code: 1 };
      }
      const [printed, result, error] = JSON.parse(line) as Answer;
      const outputs = [
        ...(printed === '' ? [] : [{ output_type: 'stream', name: 'stdout', text: printed }]),
        ...(result === null ? [] : [{ output_type: 'execute_result', data: { 'text/plain': result } }]),
        ...(error === null
          ? []
          : [{ output_type: 'error', ename: error[0], evalue: error[1], traceback: error[2] }]),
      ];
      const status = error === null ? 'ok' : 'error';
      return { ...head, status, outputs, code, session_id: session, ...(error ? { exit_code: 1 } : {}) };
    },
    end(kind, session) {
      made.delete(`${kind}/${session}`);
      const known = running.get(`${kind}/${session}`);
      if (known?.child.pid !== undefined) process.kill(-known.child.pid, 'SIGKILL');
      return {};
    },
  };
}
