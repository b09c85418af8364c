import type { Response } from 'express';

/** Calls `then` right before the headers of an answer go out, once. */
export function onHeaders(response: Response, then: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...rest: unknown[]) => Response;
  let sent = false;
  response.writeHead = (...rest: unknown[]) => {
    if (!sent) {
      sent = true;
      then();
    }
    return writeHead(...rest);
  };
}
