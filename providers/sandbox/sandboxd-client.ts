import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { z } from 'zod';

import { jsonFault } from '../../core/json-fault.ts';
import { readAtMost } from '../network/read-at-most.ts';
import { toFileFrames } from './file-frames.ts';
import type { SandboxOperation } from './operation.ts';

/** Where a sandboxd listens. */
export type SandboxdAddress = { socketPath: string } | { host: string; port: number; token: string };

/** How long an answer may take beyond what the request itself waits for: far longer than a busy host needs. */
const SILENCE_MS = 60_000;
/** The same for files and archives, which are gathered before the first byte is sent. */
const FILE_SILENCE_MS = 10 * 60_000;
/** One reply holds at most a result: text, or an image in base64. */
const REPLY_BYTES = 32 * 1024 * 1024;
/** What is read of a refusal, and of an answer whose status says it all. */
const WORDS_BYTES = 4_096;

const imageSchema = z.object({ mediaType: z.string(), base64: z.string() });

/** What a sandbox says is not trusted: it is capped, and checked against this. */
export const resultSchema = z.object({
  text: z.string(),
  isError: z.boolean(),
  exit: z
    .object({
      code: z.number().int().nullable(),
      endedBy: z.enum(['exit', 'timeout', 'kill', 'limit', 'disk']),
    })
    .exactOptional(),
  output: z.object({ bytes: z.number(), path: z.string().nullable() }).exactOptional(),
  image: imageSchema.exactOptional(),
  moreImages: z.array(imageSchema).exactOptional(),
});
const viewSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('finished'), result: resultSchema }),
  z.object({ state: z.literal('lost'), reason: z.string() }),
  z.object({ state: z.literal('running') }),
  z.object({ state: z.literal('unknown') }),
  z.object({ state: z.literal('conflict') }),
]);
const statusSchema = z.object({ boot: z.string(), running: z.number() });

const restSchema = z.object({ rests: z.boolean() });

const outputsSchema = z.object({
  files: z.array(z.object({ path: z.string(), bytes: z.number(), modifiedMs: z.number() })),
  more: z.boolean(),
});

const keptSchema = z.object({ path: z.string() });

/** What sandboxd says of an archive. It is not trusted: it only decides how the session's own files are saved. */
const archiveHeaders = z.object({
  'archive-mark': z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  'archive-kind': z.enum(['full', 'changes']),
  'archive-bytes': z.coerce.number().nonnegative(),
  'archive-files': z.coerce.number().nonnegative(),
});
const tooLargeSchema = z.object({ bytes: z.number(), files: z.number() });

/** The answer to a request for an archive. */
export type ArchiveAnswer =
  | { state: 'unchanged' }
  | { state: 'too_large'; bytes: number; files: number }
  | {
      state: 'saved';
      mark: string;
      kind: 'full' | 'changes';
      bytes: number;
      files: number;
      content: Readable;
    };

export type SandboxdView = z.infer<typeof viewSchema>;

/** The client of one sandboxd. Retries nothing; a failed connection rejects with the system's error. */
export interface SandboxdClient {
  status(): Promise<z.infer<typeof statusSchema>>;
  /** Has the sandbox stop when nothing runs in it; whether it does. Absent where sandboxes are not this host's to stop. */
  rest?(): Promise<boolean>;
  begin(
    id: string,
    body: { operation: SandboxOperation; mode: 'start' | 'resume'; wait_ms: number },
    signal: AbortSignal,
  ): Promise<SandboxdView>;
  wait(id: string, waitMs: number, signal: AbortSignal): Promise<SandboxdView>;
  kill(id: string): Promise<void>;
  outputs(): Promise<z.infer<typeof outputsSchema>>;
  /** The bytes of a file, with the agent's rights. Rejects with {@link SandboxProtocolError} for what can't be read. */
  read(path: string): Promise<Readable>;
  write(path: string, mode: number, content: Readable): Promise<void>;
  /** Writes files one after another, in one request: each as a whole, and none behind one that fails. */
  writeMany(files: Iterable<{ path: string; mode: number; open(): Promise<Readable> }>): Promise<void>;
  remove(path: string): Promise<void>;
  /** Places a file of the user, for a sandbox whose uploads folder the host cannot reach; the agent can only read it. */
  upload(path: string, content: Readable): Promise<void>;
  removeUpload(path: string): Promise<void>;
  /** Keeps a tool's output; returns its path inside. */
  keepOutput(name: string, text: string): Promise<string>;
  archive(query: { since: string | null; maxBytes: number; maxFiles: number }): Promise<ArchiveAnswer>;
  putArchive(content: Readable, maxBytes: number): Promise<void>;
  markArchive(mark: string): Promise<void>;
  /**
   * Names the place that holds the records of calls, for a sandbox whose records can be lost with it. A call that was begun in one place
   * is never started in another.
   */
  readonly generation?: string;
  close(): void;
}

/** The sandbox answered, but not as sandboxd does. */
export class SandboxProtocolError extends Error {}

/** The sandbox took a request and said nothing to it for so long that it counts as stuck. */
export class SandboxSilentError extends SandboxProtocolError {}

/** Another sandbox stands where the one was that was meant. The request did nothing. */
export class SandboxGoneError extends SandboxProtocolError {}

/**
 * @param silenceMs - milliseconds after which an answer that does not come rejects with {@link SandboxSilentError}.
 */
export function createSandboxdClient(address: SandboxdAddress, silenceMs = SILENCE_MS): SandboxdClient {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const target =
    'socketPath' in address ? { socketPath: address.socketPath } : { host: address.host, port: address.port };
  const headers: Record<string, string> =
    'token' in address ? { authorization: `Bearer ${address.token}` } : {};

  function send(
    method: string,
    path: string,
    body: unknown,
    { signal, waitMs = 0 }: { signal?: AbortSignal; waitMs?: number } = {},
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const request = httpRequest({
        ...target,
        agent,
        method,
        path,
        headers:
          payload === undefined
            ? headers
            : { ...headers, 'content-type': 'application/json', 'content-length': payload.length },
        ...(signal === undefined ? {} : { signal }),
      });
      const silence = setTimeout(() => request.destroy(silent(silenceMs)), waitMs + silenceMs);
      request.once('close', () => clearTimeout(silence));
      request.on('error', reject);
      request.once('response', (response) => {
        wordsOf(response, REPLY_BYTES)
          .then((text) => {
            if (response.statusCode !== 200) throw refusal(response, text);
            resolve(valueIn(text));
          }, reject)
          .catch(reject);
      });
      request.end(payload);
    });
  }
  const fileRoute = (path: string): string => `/v1/files?path=${encodeURIComponent(path)}`;
  const uploadRoute = (path: string): string => `/v1/uploads?path=${encodeURIComponent(path)}`;
  /** A request whose body or answer is a file. */
  function stream(
    method: string,
    path: string,
    content?: Readable,
    accepted: readonly number[] = [200],
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ ...target, agent, method, path, headers });
      request.setTimeout(FILE_SILENCE_MS, () => request.destroy(silent(FILE_SILENCE_MS)));
      request.on('error', reject);
      request.once('response', (response) => {
        if (accepted.includes(response.statusCode ?? 0)) {
          resolve(response);
          return;
        }
        wordsOf(response, WORDS_BYTES).then((text) => reject(refusal(response, text)), reject);
      });
      if (content === undefined) {
        request.end();
        return;
      }
      // It ends both when one fails: what is left of a file that is not taken would hold it open. The request says why.
      pipeline(content, request, () => undefined);
    });
  }
  function parse<Value>(schema: z.ZodType<Value>, value: unknown): Value {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new SandboxProtocolError(
      `the reply of the sandbox is not understood: ${z.prettifyError(parsed.error)}`,
    );
  }

  return {
    status: async () => parse(statusSchema, await send('GET', '/v1/status', undefined)),
    rest: async () => parse(restSchema, await send('POST', '/v1/rest', undefined)).rests,
    begin: async (id, body, signal) =>
      parse(viewSchema, await send('POST', `/v1/calls/${id}`, body, { signal, waitMs: body.wait_ms })),
    wait: async (id, waitMs, signal) =>
      parse(
        viewSchema,
        await send('GET', `/v1/calls/${id}?wait_ms=${waitMs}`, undefined, { signal, waitMs }),
      ),
    async kill(id) {
      await send('DELETE', `/v1/calls/${id}`, undefined);
    },
    outputs: async () => parse(outputsSchema, await send('GET', '/v1/outputs', undefined)),
    read: (path) => stream('GET', fileRoute(path)),
    async write(path, mode, content) {
      const response = await stream('PUT', `${fileRoute(path)}&mode=${mode.toString(8)}`, content);
      ignore(response);
    },
    async writeMany(files) {
      ignore(await stream('PUT', '/v1/files/many', toFileFrames(files)));
    },
    async remove(path) {
      await send('DELETE', fileRoute(path), undefined);
    },
    async upload(path, content) {
      const response = await stream('PUT', uploadRoute(path), content);
      ignore(response);
    },
    async removeUpload(path) {
      await send('DELETE', uploadRoute(path), undefined);
    },
    async keepOutput(name, text) {
      return parse(keptSchema, await send('PUT', `/v1/tool-outputs/${name}`, { text })).path;
    },
    async archive({ since, maxBytes, maxFiles }) {
      const query = `max_bytes=${maxBytes}&max_files=${maxFiles}${since === null ? '' : `&since=${since}`}`;
      const answer = await stream('GET', `/v1/archive?${query}`, undefined, [200, 204, 413]);
      if (answer.statusCode === 204) {
        ignore(answer);
        return { state: 'unchanged' };
      }
      if (answer.statusCode === 413) {
        return { state: 'too_large', ...parse(tooLargeSchema, valueIn(await wordsOf(answer, WORDS_BYTES))) };
      }
      const headers = archiveHeaders.safeParse(answer.headers);
      if (!headers.success) {
        answer.destroy();
        throw new SandboxProtocolError('the sandbox did not describe its archive');
      }
      return {
        state: 'saved',
        mark: headers.data['archive-mark'],
        kind: headers.data['archive-kind'],
        bytes: headers.data['archive-bytes'],
        files: headers.data['archive-files'],
        content: answer,
      };
    },
    async putArchive(content, maxBytes) {
      ignore(await stream('PUT', `/v1/archive?max_bytes=${maxBytes}`, content));
    },
    async markArchive(mark) {
      await send('POST', `/v1/archive?mark=${encodeURIComponent(mark)}`, undefined);
    },
    close: () => agent.destroy(),
  };
}

/** What an answer says, which must not be more than `most` bytes: a connection on which more comes is ended. */
async function wordsOf(response: IncomingMessage, most: number): Promise<string> {
  const tooMuch = (): Error => new SandboxProtocolError('the reply of the sandbox is too large');
  return (await readAtMost(response, most, tooMuch)).toString('utf8');
}

/** Reads the rest of an answer whose status said all, so that its connection can be used again. */
function ignore(response: IncomingMessage): void {
  wordsOf(response, WORDS_BYTES).catch(() => undefined);
}

function refusal({ statusCode }: IncomingMessage, words: string): SandboxProtocolError {
  return new SandboxProtocolError(`the sandbox answered ${statusCode}: ${words.slice(0, 500)}`);
}

function valueIn(text: string): unknown {
  const fault = jsonFault(text);
  if (fault !== null) throw new SandboxProtocolError(`the reply of the sandbox ${fault}`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SandboxProtocolError('the reply of the sandbox is no JSON', { cause });
  }
}

function silent(milliseconds: number): SandboxSilentError {
  return new SandboxSilentError(`the sandbox said nothing for ${milliseconds / 1_000} s`);
}
