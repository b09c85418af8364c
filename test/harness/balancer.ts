import { Agent, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from './listen.ts';

/** A balancer that takes turns, as small ones do: it asks each backend now and then whether it is ready, and repeats nothing. */
export interface Balancer {
  url: string;
  /** Whether requests go to this backend now. */
  uses(backend: string): boolean;
  /** Requests that a backend broke off or did not take. */
  failures: string[];
  close(): Promise<void>;
}

const LOOK_MS = 200;

/** @param backends - URLs without a path. */
export async function startBalancer(backends: readonly string[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  const ready = new Set<string>();
  const failures: string[] = [];
  let turn = 0;

  const look = async (backend: string): Promise<void> => {
    const { ok } = await fetch(`${backend}/readyz`, { signal: AbortSignal.timeout(LOOK_MS * 5) }).catch(
      () => ({ ok: false }),
    );
    if (ok) ready.add(backend);
    else ready.delete(backend);
  };
  const looking = setInterval(() => {
    for (const backend of backends) void look(backend);
  }, LOOK_MS);

  const pass = (request: IncomingMessage, response: ServerResponse): void => {
    const choice = backends.filter((backend) => ready.has(backend));
    const backend = choice[turn++ % Math.max(1, choice.length)];
    let isGone = false;
    const fail = (why: string): void => {
      // The client left, so what it left breaks.
      if (isGone) return;
      failures.push(`${request.method} ${request.url} at ${backend}: ${why}`);
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    };
    if (backend === undefined) return fail('no backend is ready');
    const { method = 'GET', headers, url = '/' } = request;
    const onward = send(new URL(url, backend), { method, headers, agent }, (answer) => {
      const { connection: _, 'keep-alive': __, ...rest } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, rest);
      answer.pipe(response);
      answer.once('error', (error) => fail(error.message));
    });
    onward.once('error', (error) => fail(error.message));
    response.once('close', () => {
      isGone = !response.writableFinished;
      if (isGone) onward.destroy();
    });
    request.pipe(onward);
  };
  const { url, close } = await listen(pass);
  return {
    url,
    uses: (backend) => ready.has(backend),
    failures,
    async close() {
      clearInterval(looking);
      await close();
      agent.destroy();
    },
  };
}
