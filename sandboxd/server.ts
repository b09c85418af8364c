import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { timingSafeEqual } from 'node:crypto';
import { pipeline } from 'node:stream/promises';

import type { SandboxOperation } from '../providers/sandbox/operation.ts';
import type { Archives } from './archive.ts';
import { serveArchives } from './archive-routes.ts';
import type { Calls, CallView } from './calls.ts';
import { receiveFiles } from './receive-files.ts';
import type { Transfer } from './transfer.ts';

const BODY_BYTES = 32 * 1024 * 1024;
const LONGEST_WAIT_MS = 60_000;

export interface ServerDeps {
  calls: Calls;
  transfer: Transfer;
  archives: Archives;
  /** Keeps a text where the agent can read it; returns its path as the agent sees it. */
  keepOutput(name: string, text: string): string;
  /** The folder whose files leave the sandbox. */
  outputs: string;
  boot: string;
  token: string | undefined;
  /** Called at every request but those with which the service looks for outputs by itself: they are no use that is made of the sandbox. */
  touched(): void;
  /** Ends the sandbox, as after its idle time. */
  stop(): void;
  log(message: string): void;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const part = chunk as Buffer;
    size += part.length;
    if (size > BODY_BYTES) throw new RangeError('the request is too large');
    parts.push(part);
  }
  return size === 0 ? {} : JSON.parse(Buffer.concat(parts).toString('utf8'));
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}

function isAllowed(request: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return true;
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Moves the bytes of one file. What the system refuses is 409 with its code, since the file is the agent's. */
async function transferFile(
  transfer: Transfer,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = query.get('path') ?? '';
  if (!path.startsWith('/')) return answer(response, 400, { error: 'the path must be absolute' });
  try {
    switch (request.method ?? '') {
      case 'GET': {
        const { bytes, content } = transfer.open(path);
        response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
        await pipeline(content, response);
        return;
      }
      case 'PUT':
        await transfer.write(path, Number.parseInt(query.get('mode') ?? '644', 8), request);
        return answer(response, 200, {});
      case 'DELETE':
        transfer.remove(path);
        return answer(response, 200, {});
      default:
        return answer(response, 405, { error: 'method not allowed' });
    }
  } catch (error) {
    if (response.headersSent) response.destroy();
    else answer(response, 409, { error: error instanceof Error ? error.message : 'failed' });
  }
}

/** Places or removes a file of the user. */
async function placeUpload(
  transfer: Transfer,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = query.get('path') ?? '';
  if (request.method === 'PUT') await transfer.place(path, request);
  else if (request.method === 'DELETE') transfer.displace(path);
  else return answer(response, 405, { error: 'method not allowed' });
  return answer(response, 200, {});
}

/**
 * The protocol between a driver and its sandbox, spoken only by our own client: `GET /v1/status`; `POST /v1/rest` stops the sandbox when
 * nothing runs in it, and else says that something does; `POST /v1/calls/ID` with
 * `{operation, mode, wait_ms}`; `GET /v1/calls/ID?wait_ms=`; `DELETE /v1/calls/ID` kills;
 * `PUT /v1/tool-outputs/ID` keeps a text; `GET /v1/outputs` lists; `GET`, `PUT` and `DELETE /v1/files?path=` move bytes;
 * `PUT` and `DELETE /v1/uploads?path=` place files of the user; `PUT /v1/files/many` takes many files in frames;
 * `/v1/archive` saves what is kept and puts it back.
 */
export function createSandboxServer(deps: ServerDeps): Server {
  let underWay = 0;
  let isStopping = false;

  /** Whoever asks something while the sandbox stops finds its connection broken, and starts the sandbox anew. */
  function rest(response: ServerResponse): void {
    const rests = underWay === 1 && deps.calls.runningCount() === 0 && !deps.calls.hasBackground();
    if (rests) {
      isStopping = true;
      response.once('close', () => deps.stop());
    }
    answer(response, 200, { rests });
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    if (!isAllowed(request, deps.token)) return answer(response, 401, { error: 'unauthorized' });
    if (url.pathname === '/v1/rest' && request.method === 'POST') return rest(response);
    if (url.pathname !== '/v1/outputs') deps.touched();
    if (url.pathname === '/v1/status') {
      return answer(response, 200, { boot: deps.boot, running: deps.calls.runningCount() });
    }
    if (url.pathname === '/v1/outputs') return answer(response, 200, await deps.transfer.list(deps.outputs));
    if (url.pathname === '/v1/uploads') {
      return placeUpload(deps.transfer, url.searchParams, request, response);
    }
    if (url.pathname === '/v1/files') {
      return transferFile(deps.transfer, url.searchParams, request, response);
    }
    if (url.pathname === '/v1/files/many' && request.method === 'PUT') {
      try {
        await receiveFiles(deps.transfer, request);
        return answer(response, 200, {});
      } catch (error) {
        return answer(response, 409, { error: error instanceof Error ? error.message : 'failed' });
      }
    }
    if (url.pathname === '/v1/archive') {
      return serveArchives(deps.archives, url.searchParams, request, response);
    }
    const kept = /^\/v1\/tool-outputs\/([A-Za-z0-9_-]{1,128})$/.exec(url.pathname)?.[1];
    if (kept !== undefined && request.method === 'PUT') {
      const { text } = (await bodyOf(request)) as { text: string };
      return answer(response, 200, { path: deps.keepOutput(kept, text) });
    }
    const id = /^\/v1\/calls\/([A-Za-z0-9_-]{1,128})$/.exec(url.pathname)?.[1];
    if (id === undefined) return answer(response, 404, { error: 'no such route' });
    const waitOf = (value: unknown): number => Math.min(LONGEST_WAIT_MS, Math.max(0, Number(value ?? 0)));
    switch (request.method ?? '') {
      case 'POST': {
        const body = (await bodyOf(request)) as {
          operation: SandboxOperation;
          mode: string;
          wait_ms?: number;
        };
        const first: CallView =
          body.mode === 'start'
            ? deps.calls.start(id, body.operation)
            : deps.calls.resume(id, body.operation);
        return answer(
          response,
          200,
          first.state === 'running' ? await deps.calls.wait(id, waitOf(body.wait_ms)) : first,
        );
      }
      case 'GET':
        return answer(response, 200, await deps.calls.wait(id, waitOf(url.searchParams.get('wait_ms'))));
      case 'DELETE':
        deps.calls.kill(id);
        return answer(response, 200, {});
      default:
        return answer(response, 405, { error: 'method not allowed' });
    }
  }
  return createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    if (isStopping) return void request.destroy();
    underWay++;
    response.once('close', () => underWay--);
    route(request, response).catch((error: unknown) => {
      deps.log(
        `${request.method} ${request.url}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      if (!response.headersSent)
        answer(response, 500, { error: error instanceof Error ? error.message : 'failed' });
    });
  });
}
