import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';

/** A start that is shorter is not noticed by anybody; until then connections are refused, which makes balancers ask another api. */
const QUIET_MS = 3_000;
const HEADERS_MS = 5_000;
const WAITING = 'The api still starts: it waits for its database, or brings the schema up to date.';

/**
 * Answers on the api's address while `work` takes long, as waiting for a database and migrations may: the process is alive (`/livez`), not
 * ready, and takes no requests yet. Otherwise whoever restarts what does not answer would end each migration in its middle. The address is
 * free again when `work` has settled, which this does too.
 */
export async function answerWhileStarting<Result>(
  address: { host: string; port: number },
  newRequestId: () => string,
  work: Promise<Result>,
  quietMs = QUIET_MS,
): Promise<Result> {
  // Any port means that nobody knows where to ask yet.
  if (address.port === 0) return work;
  const limits = { headersTimeout: HEADERS_MS, requestTimeout: HEADERS_MS };
  const server = createServer(limits, answerWith(newRequestId));
  let listening: Promise<unknown> | undefined;
  const timer = setTimeout(() => {
    // An address that cannot be had is told by whoever serves there afterwards.
    listening = once(server, 'listening').catch(() => undefined);
    server.listen(address.port, address.host);
  }, quietMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    // One that is about to listen cannot be closed yet.
    await listening;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
}

function answerWith(newRequestId: () => string): RequestListener {
  return (request, response) => {
    const id = newRequestId();
    const [status, body] = answerTo((request.url ?? '').replace(/\?.*$/s, ''), id);
    response.shouldKeepAlive = false;
    if (status === 503) response.setHeader('retry-after', '1');
    response.writeHead(status, { 'content-type': 'application/json', 'request-id': id });
    response.end(JSON.stringify(body));
  };
}

function answerTo(path: string, id: string): [status: number, body: object] {
  switch (path) {
    case '/livez':
    case '/healthz':
      return [200, { status: 'ok' }];
    case '/readyz':
      return [503, { status: 'not_ready', checks: { starting: { ok: false, detail: WAITING } } }];
    case '/status':
      return [503, { status: 'down', parts: { api: { state: 'down' } } }];
    default: {
      const error = { type: 'api_error', message: `${WAITING} Try again in a moment.` };
      return [503, { type: 'error', error, request_id: id }];
    }
  }
}
