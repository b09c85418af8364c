import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen } from '../listen.ts';
import { createAioBash, AioRefusal, type AioBash, type ExecRequest } from './bash.ts';
import { createAioBrowser, type AioBrowser } from './browser.ts';
import { startAioContainer, type AioContainer } from './container.ts';
import { createAioHub, type AioHub } from './hub.ts';
import { refusalOf } from './requests.ts';
import { createAioRuntimes, type AioRuntimes } from './runtimes.ts';

/**
 * A double of agent-infra's AIO Sandbox, from its endpoint table: paths, parameters, answers in its envelope, failures as 200 with
 * `success: false`. Behind it are containers with namespaces of their own, each made at the first request for its name:
 * `<url>/<name>/v1/…`. Commands, files and code are real; the browser is a page in memory. It needs root.
 */
export interface AioDouble {
  url: string;
  apiKey: string;
  /** Requests so far, as `METHOD path`, without the container's name. */
  readonly requests: string[];
  /** Pages of the browser, and what was done to them. */
  browserOf(name: string): AioBrowser | undefined;
  /** Runs a command in a container, as whoever made it may have. */
  enter(name: string, command: string): Promise<void>;
  /** Makes a container anew: everything in it is gone. */
  recreate(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Every field that a request may have. */
type AioBody = ExecRequest & {
  session_id: string;
  input: string;
  code: string;
  timeout: number;
  file?: string;
  content?: string;
  path: string;
  pattern: string;
  sort_by?: string;
  sort_desc?: boolean;
  max_results?: number;
  max_file_size?: string;
};

interface Parts {
  container: AioContainer;
  bash: AioBash;
  runtimes: AioRuntimes;
  browser: AioBrowser;
  hub: AioHub;
}

class FileRefusal extends Error {
  readonly kind: string;
  constructor(message: string, kind: string) {
    super(message);
    this.kind = kind;
  }
}

const GLOB = `
import datetime, json, pathlib, sys
root, pattern = pathlib.Path(sys.argv[1]), sys.argv[2]
rows = [p for p in root.glob(pattern) if p.is_file()]
rows.sort(key=lambda p: p.stat().st_mtime if sys.argv[3] == "modified" else str(p), reverse=sys.argv[4] == "true")
most = int(sys.argv[5])
stamp = lambda p: datetime.datetime.fromtimestamp(p.stat().st_mtime).isoformat(timespec="microseconds")
print(json.dumps([{"path": str(p), "name": p.name, "is_directory": False, "size": p.stat().st_size, "modified_time": stamp(p)} for p in rows[:most]]))
`;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of request) parts.push(chunk as Buffer);
  return Buffer.concat(parts);
}

async function writeFile(container: AioContainer, file: string, content: Buffer): Promise<void> {
  const { code, stderr } = await container.pipe(['sh', '-c', 'cat > "$1"', 'write', file], content);
  if (code === 0) return;
  throw new FileRefusal(stderr.trim(), /denied/.test(stderr) ? 'permission_denied' : 'io_error');
}

async function glob(container: AioContainer, body: AioBody): Promise<object> {
  const {
    path,
    pattern,
    sort_by: sortBy = 'path',
    sort_desc: falling = false,
    max_results: most = 5_000,
  } = body;
  const words = [path, pattern, sortBy, String(falling), String(most)];
  const { stdout } = await container.pipe(['python3', '-c', GLOB, ...words]);
  return { path, pattern, files: JSON.parse(stdout.toString()) as object[] };
}

/** A size such as `1M`. */
function bytesOf(size: string): string {
  const scale = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[size.slice(-1)] ?? 1;
  return String(Number.parseInt(size, 10) * scale);
}

async function grep(container: AioContainer, body: AioBody): Promise<object> {
  const { path, pattern, max_results: most = 500, max_file_size: largest = '1M' } = body;
  const script = 'find "$1" -type f -size "-$2c" -exec grep -nIHE -- "$3" {} +';
  const { stdout } = await container.pipe(['sh', '-c', script, 'grep', path, bytesOf(largest), pattern]);
  const matches = stdout
    .toString()
    .split('\n')
    .flatMap((line) => {
      const parts = /^(.*?):(\d+):(.*)$/.exec(line);
      return parts ? [{ file: parts[1], line_number: Number(parts[2]), line_content: parts[3] }] : [];
    });
  const shown = matches.slice(0, most);
  return { path, pattern, matches: shown, match_count: shown.length, truncated: matches.length > most };
}

/** What a JSON endpoint answers, as `data` of its envelope. */
async function answerOf(parts: Parts, method: string, route: string, body: AioBody): Promise<unknown> {
  const { bash, container, runtimes, browser, hub } = parts;
  const last = route.split('/').at(-1) ?? '';
  switch (`${method} ${route}`) {
    case 'POST /v1/bash/exec':
      return bash.exec(body);
    case 'POST /v1/bash/output':
      return bash.output(body);
    case 'POST /v1/bash/write':
      return bash.write(body);
    case 'POST /v1/bash/kill':
      return bash.kill(body);
    case 'GET /v1/bash/sessions':
      return bash.sessions();
    case 'POST /v1/file/write':
      await writeFile(container, body['file'] ?? '', Buffer.from(body['content'] ?? ''));
      return { file: body['file'] };
    case 'POST /v1/file/glob':
      return glob(container, body);
    case 'POST /v1/file/grep':
      return grep(container, body);
    case 'POST /v1/jupyter/execute':
      return runtimes.execute('jupyter', body);
    case 'GET /v1/mcp/servers':
      return hub.servers();
    case 'POST /v1/nodejs/sessions':
      return runtimes.create('nodejs', body.session_id);
    case 'POST /v1/nodejs/execute':
      return runtimes.execute('nodejs', body);
  }
  const closed = /^\/v1\/bash\/sessions\/([^/]+)\/close$/.exec(route)?.[1];
  if (closed !== undefined) return bash.close(closed);
  const runtime = /^\/v1\/(jupyter|nodejs)\/sessions\//.exec(route)?.[1];
  if (runtime !== undefined && method === 'DELETE') return runtimes.end(runtime, last);
  const [, server, tool] = /^\/v1\/mcp\/([^/]+)\/tools(?:\/([^/]+))?$/.exec(route) ?? [];
  if (server !== undefined && tool === undefined && method === 'GET')
    return hub.tools(decodeURIComponent(server));
  if (server !== undefined && tool !== undefined && method === 'POST')
    return hub.call(decodeURIComponent(server), decodeURIComponent(tool), { ...body });
  if (route.startsWith('/v1/browser/')) return browser.answer(method, route, body);
  return undefined;
}

/** @param network - whether containers reach what the host reaches. */
export async function startAioDouble({
  network = 'none',
}: { network?: 'none' | 'host' } = {}): Promise<AioDouble> {
  const apiKey = 'aio-key-of-the-double';
  const containers = new Map<string, Promise<Parts>>();
  const made = new Map<string, Parts>();
  const requests: string[] = [];

  function partsOf(name: string): Promise<Parts> {
    const known = containers.get(name);
    if (known !== undefined) return known;
    const making = startAioContainer(network).then((container) => {
      const parts = {
        container,
        bash: createAioBash(container),
        runtimes: createAioRuntimes(container),
        browser: createAioBrowser(),
        hub: createAioHub(container),
      };
      made.set(name, parts);
      return parts;
    });
    containers.set(name, making);
    return making;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://aio');
    const [, name = '', ...rest] = url.pathname.split('/');
    const route = `/${rest.join('/')}`;
    const method = request.method ?? '';
    requests.push(`${method} ${route}`);
    const json = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const bytes = await bodyOf(request);
    if (request.headers['x-aio-api-key'] !== apiKey) return json(401, { detail: 'Unauthorized' });
    const parts = await partsOf(decodeURIComponent(name));
    if (route === '/v1/sandbox') {
      return json(200, {
        success: true,
        home_dir: '/home/gem',
        workspace: '/home/gem',
        version: '1.11.0',
        detail: {},
      });
    }
    if (route === '/v1/file/download') {
      const { code, stdout } = await parts.container.pipe(['cat', '--', url.searchParams.get('path') ?? '']);
      if (code !== 0) return json(404, { detail: 'File not found' });
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(stdout);
      return;
    }
    if (route === '/v1/browser/page/screenshot') {
      response.writeHead(200, { 'content-type': 'image/png' }).end(parts.browser.picture());
      return;
    }
    if (route === '/v1/file/upload') {
      const form = await new Response(new Uint8Array(bytes), {
        headers: { 'content-type': request.headers['content-type'] ?? '' },
      }).formData();
      const [file, path] = [form.get('file'), form.get('path')];
      if (!(file instanceof File) || typeof path !== 'string') return json(422, { detail: 'file, path' });
      await writeFile(parts.container, path, Buffer.from(await file.arrayBuffer()));
      return json(200, { success: true, data: { file_path: path, file_size: file.size, success: true } });
    }
    const body = (bytes.length === 0 ? {} : JSON.parse(bytes.toString())) as AioBody;
    const refusal = refusalOf(`${method} ${route}`, body);
    if (refusal !== undefined) return json(422, { detail: refusal });
    const data = await answerOf(parts, method, route, body);
    if (data === undefined) return json(404, { detail: 'Not Found' });
    return json(200, { success: true, message: 'Operation successful', data, hint: null });
  }

  const { url, close } = await listen((request, response) => {
    serve(request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : 'failed';
      const isTold = error instanceof AioRefusal || error instanceof FileRefusal;
      const data =
        error instanceof FileRefusal ? { message, error_type: error.kind, path: '', operation: '' } : null;
      response
        .writeHead(isTold ? 200 : 500, { 'content-type': 'application/json' })
        .end(JSON.stringify({ success: false, message, data }));
    });
  });
  return {
    url,
    apiKey,
    requests,
    browserOf: (name) => made.get(name)?.browser,
    async enter(name, command) {
      const { code, stderr } = await (await partsOf(name)).container.pipe(['sh', '-c', command]);
      if (code !== 0) throw new Error(stderr);
    },
    async recreate(name) {
      containers.delete(name);
      await made.get(name)?.container.close();
      made.delete(name);
    },
    async close() {
      await close();
      for (const { container } of made.values()) await container.close();
    },
  };
}
