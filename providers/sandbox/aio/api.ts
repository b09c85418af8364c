import { randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline, Readable } from 'node:stream';
import { z } from 'zod';

import { jsonFault } from '../../../core/json-fault.ts';
import { readAtMost } from '../../network/read-at-most.ts';
import { SandboxProtocolError } from '../sandboxd-client.ts';

/** Longest that AIO may take for what waits for nothing. */
const ANSWER_MS = 30_000;
/** The same for a file. */
const FILE_MS = 10 * 60_000;
/** Replies are capped: a screenshot or a page is the largest of them. */
const REPLY_BYTES = 32 * 1024 * 1024;
/** Of a refusal. */
const WORDS_BYTES = 4_096;

/** Every JSON endpoint answers in this form; a failure of the tool is 200 with `success: false`. */
const envelope = z.object({
  success: z.boolean(),
  message: z.string().nullish(),
  data: z.unknown(),
});

/** What AIO says of a file that it could not use. */
const fileFailure = z.object({ message: z.string(), error_type: z.string() });

const tooMuch = (): Error => new SandboxProtocolError('the reply of AIO is too large');

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
  body?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** @param apiKey - the key of now, asked for at each request; null: none is needed. */
export function createAioApi(base: string, apiKey: () => string | null): AioApi {
  const root = base.replace(/\/+$/, '');
  function headers(): Record<string, string> {
    const key = apiKey();
    return key === null ? {} : { 'x-aio-api-key': key };
  }

  async function send(path: string, init: AioRequest, timeoutMs: number): Promise<Response> {
    const late = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? AbortSignal.any([init.signal, late]) : late;
    const response = await fetch(`${root}${path}`, {
      ...init,
      headers: { ...headers(), ...init.headers },
      signal,
    });
    if (response.ok) return response;
    throw await refusal(path, response.status, response.body ?? Readable.from([]));
  }

  async function refusal(
    path: string,
    status: number,
    said: AsyncIterable<Uint8Array>,
  ): Promise<AioStatusError> {
    const words = await readAtMost(said, WORDS_BYTES, tooMuch).catch(() => Buffer.alloc(0));
    const text = words.toString('utf8').slice(0, 300);
    return new AioStatusError(`AIO answered ${status} to ${path.split('?')[0]}: ${text}`, status);
  }

  /** Sends what may be larger than memory. `fetch` would read the rest of it, and hold it, when the connection breaks. */
  function sendStream(path: string, type: string, body: Readable): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = (root.startsWith('https:') ? httpsRequest : httpRequest)(`${root}${path}`, {
        method: 'POST',
        headers: { ...headers(), 'content-type': type },
        signal: AbortSignal.timeout(FILE_MS),
      });
      request.on('error', reject);
      request.once('response', resolve);
      pipeline(body, request, () => undefined);
    });
  }

  async function read({ body }: Response): Promise<Buffer> {
    return body === null ? Buffer.alloc(0) : readAtMost(body, REPLY_BYTES, tooMuch);
  }

  function unwrap<Value>(text: string, path: string, schema: z.ZodType<Value>): Value {
    let answer: z.infer<typeof envelope>;
    const fault = jsonFault(text);
    if (fault !== null) throw new SandboxProtocolError(`the reply of AIO to ${path} ${fault}`);
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
      const response = await send(path, {}, FILE_MS);
      if (response.body === null) throw new SandboxProtocolError('AIO sent no file');
      return Readable.fromWeb(response.body);
    },
    async upload(path, content) {
      const boundary = `file-${randomUUID()}`;
      const route = '/v1/file/upload';
      const response = await sendStream(
        route,
        `multipart/form-data; boundary=${boundary}`,
        Readable.from(formOf(boundary, path, content), { objectMode: false }),
      );
      const { statusCode: status = 0 } = response;
      if (status !== 200) throw await refusal(route, status, response);
      unwrap((await readAtMost(response, REPLY_BYTES, tooMuch)).toString('utf8'), route, z.unknown());
    },
  };
}

/** A form with a path and a file, whose content is read as it is sent: it may be larger than what fits into memory. */
async function* formOf(boundary: string, path: string, content: Readable): AsyncGenerator<Uint8Array> {
  const field = (name: string, more: string): string =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n`;
  yield Buffer.from(`${field('path', '')}\r\n${path}\r\n`);
  yield Buffer.from(`${field('file', '; filename="file"')}content-type: application/octet-stream\r\n\r\n`);
  for await (const piece of content) yield typeof piece === 'string' ? Buffer.from(piece) : (piece as Buffer);
  yield Buffer.from(`\r\n--${boundary}--\r\n`);
}
