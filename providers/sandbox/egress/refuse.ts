import type { ServerResponse } from 'node:http';

/** Answers in the proxy's own words, and ends the connection. Does nothing when something was answered already. */
export function refuse(response: ServerResponse, code: number, why: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(code, { 'content-type': 'text/plain', connection: 'close' }).end(`${why}\n`);
}
