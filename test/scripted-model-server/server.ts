import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleControl } from './control.ts';
import type { FrameContext, IncomingModelRequest, ReportedUsage, WireFormat } from './format.ts';
import { createAnthropicFormat } from './formats/anthropic/anthropic-format.ts';
import { createGeminiFormat } from './formats/gemini/gemini-format.ts';
import { createChatFormat } from './formats/openai/chat-format.ts';
import { createResponsesFormat } from './formats/openai/responses-format.ts';
import { createLedger, type LedgerEntry } from './ledger.ts';
import { outputTokensOf } from './pieces.ts';
import { play } from './play.ts';
import { createScriptBook, type Respond } from './script-book.ts';
import type { ReadScript, Scenario, Script } from './script.ts';

export interface ScriptedModelServerOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** Checked where given; without it any key will do. */
  apiKey?: string;
  /** Asked for requests that no scenario answers. */
  respond?: Respond;
  /** What to do with a request that a vendor would refuse: answer 400 as the vendor does (default), or only write it down. */
  onViolation?: 'refuse' | 'record';
  /** How many of the latest request bodies the ledger keeps; default 200. */
  keepBodies?: number;
  /** Tokens, as this server counts them, above which a prompt is refused as too long. */
  contextWindow?: number;
}

/** A model provider that says what it was told to, in the vendors' wire formats, and writes down all it gets. */
export interface ScriptedModelServer {
  readonly url: string;
  readonly port: number;
  /** Adds scripts to the queue, one for each request to come. */
  push(...scripts: Script[]): void;
  scenario(scenario: Scenario): void;
  /** What answers when nothing else does; undefined: an error 500. */
  setDefault(script: Script | undefined): void;
  ledger(): readonly LedgerEntry[];
  /** What any vendor would have refused so far. Empty is what a test wants. */
  violations(): string[];
  waitFor(fits: (entry: LedgerEntry) => boolean, timeoutMs?: number): Promise<LedgerEntry>;
  /** Forgets scripts and ledger, keeps what was issued. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts a scripted model server on loopback. */
export async function startScriptedModelServer(
  options: ScriptedModelServerOptions = {},
): Promise<ScriptedModelServer> {
  const formats: WireFormat[] = [
    createAnthropicFormat(),
    createChatFormat(),
    createResponsesFormat(),
    createGeminiFormat(),
  ];
  const ledger = createLedger(options.keepBodies ?? 200);
  const book = createScriptBook(options.respond);
  const server: Omit<ScriptedModelServer, 'url' | 'port' | 'close'> = {
    push: (...scripts) => book.push(...scripts),
    scenario: (scenario) => book.addScenario(scenario),
    setDefault: (script) => book.setDefault(script),
    ledger: () => ledger.entries(),
    violations: () =>
      ledger
        .entries()
        .flatMap(({ n, violations }) => violations.map((text) => `request ${String(n)}: ${text}`)),
    waitFor: (fits, timeoutMs = 10_000) => ledger.waitFor(fits, timeoutMs),
    reset() {
      book.clear();
      ledger.clear();
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const raw = await readAll(request);
    if (path.startsWith('/control/')) return handleControl(server, request, raw, response);
    const counting = formats.find((candidate) => candidate.counter?.matches(path));
    if (counting?.counter !== undefined)
      return answerCount(counting, counting.counter, { request, response, path, raw });
    const format = formats.find((candidate) => candidate.matches(path));
    if (format === undefined) {
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end('{"error":{"message":"no such path"}}');
      return undefined;
    }
    return answerModelRequest(format, { request, response, path, raw });
  }

  /** Counts the tokens of a request as the model's own answer would report them. */
  function answerCount(
    format: WireFormat,
    counter: NonNullable<WireFormat['counter']>,
    { request, response, path, raw }: Exchange,
  ): void {
    const incoming = counter.asRequest({
      method: request.method ?? '',
      path,
      headers: flatHeaders(request),
      body: parseJson(raw),
    });
    const violations = [...format.validate(incoming), ...keyViolations(incoming.headers, options.apiKey)];
    const entry = ledger.add({ ...received(format, incoming, raw), violations });
    const refused = violations.length > 0 && options.onViolation !== 'record';
    entry.status = refused ? 400 : 200;
    entry.outcome = refused ? 'refused' : 'completed';
    entry.endedAt = now();
    response.writeHead(entry.status, { 'content-type': 'application/json' });
    const answer = JSON.stringify(counter.answer(format.promptTokens(incoming)));
    response.end(refused ? format.errorBody(400, undefined, violations.join('; ')) : answer);
    ledger.changed();
  }

  function tooLongFor(
    format: WireFormat,
    incoming: IncomingModelRequest,
  ): { type?: string; message: string } | undefined {
    if (options.contextWindow === undefined) return undefined;
    const tokens = format.promptTokens(incoming);
    return tokens > options.contextWindow ? format.tooLong(tokens, options.contextWindow) : undefined;
  }

  async function answerModelRequest(
    format: WireFormat,
    { request, response, path, raw }: Exchange,
  ): Promise<void> {
    const incoming: IncomingModelRequest = {
      method: request.method ?? '',
      path,
      headers: flatHeaders(request),
      body: parseJson(raw),
    };
    const summary = format.summarise(incoming);
    const violations = [...format.validate(incoming), ...keyViolations(incoming.headers, options.apiKey)];
    const entry = ledger.add({ ...received(format, incoming, raw), violations });
    const finish = (outcome: LedgerEntry['outcome']) => {
      entry.outcome = outcome;
      entry.endedAt = now();
      ledger.changed();
    };
    const refuse = (status: number, message: string, outcome: LedgerEntry['outcome'], type?: string) => {
      entry.status = status;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(format.errorBody(status, type, message));
      finish(outcome);
    };
    if (violations.length > 0 && options.onViolation !== 'record') {
      const status = violations.includes(WRONG_KEY) ? 401 : 400;
      refuse(status, violations.join('; '), 'refused');
      return;
    }
    const tooLong = tooLongFor(format, incoming);
    if (tooLong !== undefined) {
      refuse(400, tooLong.message, 'refused', tooLong.type);
      return;
    }
    const choice = book.choose({ ...incoming, ...summary, n: entry.n, format: format.name });
    if (choice === undefined) {
      refuse(500, 'no script for this request', 'faulted');
      return;
    }
    entry.attempt = choice.attempt;
    entry.usage = usageOf(choice.script, format, incoming);
    const context: FrameContext = { n: entry.n, model: summary.model, usage: entry.usage };
    const gone = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) gone.abort(new Error('the client went away'));
    });
    try {
      const outcome = await play({
        response,
        format,
        script: choice.script,
        frames: format.frames(choice.script, context),
        requestId: `req_${String(entry.n)}`,
        gone: gone.signal,
        onFirstByte(status) {
          entry.status = status;
          entry.firstByteAt = now();
          ledger.changed();
        },
        onFrame() {
          entry.framesSent += 1;
        },
      });
      finish(outcome);
    } catch (error) {
      if (!gone.signal.aborted) throw error;
      finish('aborted');
    }
  }

  const http = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: `scripted model server: ${message}` } }));
    });
  });
  http.listen(options.port ?? 0, '127.0.0.1');
  await new Promise<void>((resolve, reject) => {
    http.once('listening', resolve);
    http.once('error', reject);
  });
  const { port } = http.address() as AddressInfo;
  return {
    ...server,
    port,
    url: `http://127.0.0.1:${String(port)}`,
    async close() {
      http.closeAllConnections();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
    },
  };
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  raw: Buffer;
}

/** The ledger's entry of a request that has just come. */
function received(format: WireFormat, incoming: IncomingModelRequest, raw: Buffer): Omit<LedgerEntry, 'n'> {
  const {
    authorization: _bearer,
    'x-api-key': _key,
    'x-goog-api-key': _google,
    ...headers
  } = incoming.headers;
  const summary = format.summarise(incoming);
  return {
    format: format.name,
    method: incoming.method,
    path: incoming.path,
    headers,
    body: incoming.body,
    bodyBytes: raw.length,
    bodySha256: createHash('sha256').update(raw).digest('hex'),
    model: summary.model,
    tools: summary.tools,
    about: summary.firstUserText.slice(0, 200),
    step: summary.answers,
    attempt: 0,
    violations: [],
    status: null,
    outcome: 'streaming',
    receivedAt: now(),
    firstByteAt: null,
    endedAt: null,
    framesSent: 0,
    usage: null,
  };
}

const WRONG_KEY = 'the key is wrong';

function keyViolations(headers: Record<string, string>, apiKey: string | undefined): string[] {
  if (apiKey === undefined) return [];
  const given =
    headers['authorization']?.replace(/^Bearer /, '') ?? headers['x-api-key'] ?? headers['x-goog-api-key'];
  return given === apiKey ? [] : [WRONG_KEY];
}

function usageOf(script: ReadScript, format: WireFormat, request: IncomingModelRequest): ReportedUsage {
  const prompt = format.countPrompt(request);
  const reasoning = script.blocks.filter(({ type }) => type === 'thinking');
  const given = script.usage ?? {};
  return {
    input_tokens: given.input_tokens ?? prompt.uncached,
    output_tokens: given.output_tokens ?? outputTokensOf(script),
    cache_read_input_tokens: given.cache_read_input_tokens ?? prompt.read,
    cache_creation_5m_input_tokens:
      given.cache_creation_5m_input_tokens ?? (prompt.ttl === '5m' ? prompt.written : 0),
    cache_creation_1h_input_tokens:
      given.cache_creation_1h_input_tokens ?? (prompt.ttl === '1h' ? prompt.written : 0),
    reasoning_tokens:
      given.reasoning_tokens ??
      (reasoning.length === 0 ? 0 : outputTokensOf({ ...script, blocks: reasoning })),
  };
}

function flatHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function parseJson(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return null;
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
