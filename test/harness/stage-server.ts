import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ModelRequest, ModelStreamPart } from '../../providers/model/model-provider.ts';
import type { ToolCall } from '../../tools/tool-runner.ts';
import type { ScriptedProvider } from './scripted-provider.ts';
import type { StageSandbox } from './stage-sandbox.ts';

/** A place in a worker process at which the test can hold it: before a tool call reaches the sandbox. */
export interface HeldCall {
  toolUseId: string;
  letGo: () => void;
}

/** The test's model and sandbox for worker processes of its own (`lab-worker.ts`), over HTTP on this machine. */
export interface StageServer {
  readonly url: string;
  /** Tool calls with the command `hold` that wait before they reach the sandbox. */
  readonly held: readonly HeldCall[];
  close(): Promise<void>;
}

export async function startStageServer(
  provider: ScriptedProvider,
  sandbox: StageSandbox,
): Promise<StageServer> {
  const held: HeldCall[] = [];

  async function answer(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    switch (path) {
      case '/model': {
        const parts: ModelStreamPart[] = [];
        for await (const part of provider.stream(body as ModelRequest, signal)) parts.push(part);
        return parts;
      }
      case '/hold': {
        const { toolUseId } = body as { toolUseId: string };
        return new Promise((resolve) => held.push({ toolUseId, letGo: () => resolve(null) }));
      }
      case '/run': {
        const { call, mode } = body as { call: ToolCall; mode: 'start' | 'resume' };
        // The sandbox outlives its callers: a connection that breaks ends nothing.
        return sandbox.run(call, mode, new AbortController().signal);
      }
      case '/kill':
        return sandbox.kill(body as ToolCall).then(() => null);
      default:
        throw new Error(`nothing is at ${path}`);
    }
  }

  const server = createServer((request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort(new Error('the caller is gone')));
    void read(request)
      .then(async (body) => answer(request.url ?? '', body, gone.signal))
      .then(
        (value) => response.end(JSON.stringify({ value })),
        (error: unknown) => {
          response.statusCode = 500;
          response.end(String(error));
        },
      );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    held,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
