import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';

import { SandboxProtocolError } from '../sandboxd-client.ts';

/** Longest that AIO may take for what waits for nothing. */
const ANSWER_MS = 30_000;
/** Replies are capped: a screenshot or a page is the largest of them. */
const REPLY_BYTES = 32 * 1024 * 1024;

/** Every JSON endpoint answers in this form; a failure of the tool is 200 with `success: false`. */
const envelope = z.object({
  success: z.boolean(),
  message: z.string().nullish(),
  data: z.unknown(),
});

/** What AIO says of a file that it could not use. */
const fileFailure = z.object({ message: z.string(), error_type: z.string() });

/** AIO did what was asked, and it failed. */
export class AioFailure extends Error {
  /** Of file operations: `not_found`, `permission_denied` and so on. */
  readonly errorType: string | null;
  constructor(message: string, errorType: string | null) {
    super(message);
    this.errorType = errorType;
  }
}

/** AIO answered with a status that says no. */
export class AioStatusError extends SandboxProtocolError {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** The HTTP API of one AIO Sandbox. Retries nothing. */
export interface AioApi {
  /** Rejects with {@link AioFailure} where the tool failed, with {@link SandboxProtocolError} where the answer is none of AIO's. */
  call<Value>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    schema: z.ZodType<Value>,
    body?: object,
    options?: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<Value>;
  /** The bytes of an endpoint that answers with a file or a picture. */
  bytes(path: string, signal?: AbortSignal): Promise<{ type: string; content: Buffer }>;
  stream(path: string): Promise<Readable>;
  /** Uploads a file to an absolute path. */
  upload(path: string, content: Readable): Promise<void>;
}

interface AioRequest {
  method?: string;
  body?: string | FormData;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export function createAioApi(base: string, apiKey: string | null): AioApi {
  const root = base.replace(/\/+$/, '');
  const headers: Record<string, string> = apiKey === null ? {} : { 'x-aio-api-key': apiKey };

  async function send(path: string, init: AioRequest, timeoutMs: number): Promise<Response> {
    const late = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? AbortSignal.any([init.signal, late]) : late;
    const response = await fetch(`${root}${path}`, {
      ...init,
      headers: { ...headers, ...init.headers },
      signal,
    });
    if (response.ok) return response;
    const text = (await response.text()).slice(0, 300);
    const message = `AIO answered ${response.status} to ${path.split('?')[0]}: ${text}`;
    throw new AioStatusError(message, response.status);
  }

  async function read(response: Response): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of response.body ?? []) {
      size += part.length;
      if (size > REPLY_BYTES) throw new SandboxProtocolError('the reply of AIO is too large');
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  function unwrap<Value>(text: string, path: string, schema: z.ZodType<Value>): Value {
    let answer: z.infer<typeof envelope>;
    try {
      answer = envelope.parse(JSON.parse(text));
    } catch (cause) {
      throw new SandboxProtocolError(`the reply of AIO to ${path} is not understood`, { cause });
    }
    if (!answer.success) {
      const failure = fileFailure.safeParse(answer.data);
      throw new AioFailure(
        failure.data?.message ?? answer.message ?? 'AIO gave no reason',
        failure.data?.error_type ?? null,
      );
    }
    const parsed = schema.safeParse(answer.data);
    if (parsed.success) return parsed.data;
    throw new SandboxProtocolError(`the reply of AIO to ${path}: ${z.prettifyError(parsed.error)}`);
  }

  return {
    async call(method, path, schema, body, { signal, timeoutMs = ANSWER_MS } = {}) {
      const init = {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        ...(signal === undefined ? {} : { signal }),
      };
      const response = await send(path, init, timeoutMs);
      return unwrap((await read(response)).toString('utf8'), path, schema);
    },
    async bytes(path, signal) {
      const response = await send(path, signal === undefined ? {} : { signal }, ANSWER_MS);
      const type = response.headers.get('content-type')?.split(';')[0] ?? '';
      return { type, content: await read(response) };
    },
    async stream(path) {
      const response = await send(path, {}, 10 * 60_000);
      if (response.body === null) throw new SandboxProtocolError('AIO sent no file');
      return Readable.fromWeb(response.body);
    },
    async upload(path, content) {
      const form = new FormData();
      form.append('file', new Blob([await buffer(content)]), 'file');
      form.append('path', path);
      const response = await send('/v1/file/upload', { method: 'POST', body: form }, 10 * 60_000);
      unwrap((await read(response)).toString('utf8'), '/v1/file/upload', z.unknown());
    },
  };
}
