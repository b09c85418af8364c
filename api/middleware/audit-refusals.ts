import type { Request, RequestHandler, Response } from 'express';
import type { AuditEntry } from '../../providers/store/audit-log.ts';
import type { Caller } from '../access.ts';
import type { AuditTally } from '../audit/audit-tally.ts';
import { clientAddress } from '../door/client-address.ts';
import { requestIdOf } from './request-id.ts';

/** Who did not show a key, who may not, and who asked too often. */
const REFUSALS = new Set([401, 403, 429]);
const MAX_PATH = 1_000;

/** Notes requests that were refused and have no entry of their own. */
export function auditRefusals(tally: Pick<AuditTally, 'note'>): RequestHandler {
  return (request, response, next) => {
    const { path } = request;
    const address = clientAddress(request);
    response.once('close', () => {
      if (!REFUSALS.has(response.statusCode) || response.locals['audited'] === true) return;
      const operation =
        path === '/console/session' && request.method === 'POST' ? 'signIn' : 'refusedRequest';
      tally.note({ ...entryOf(request, response, operation), path: path.slice(0, MAX_PATH), address });
    });
    next();
  };
}

/** What an entry says of a request, whoever sent it. */
export function entryOf(request: Request, response: Response, operation: string): AuditEntry {
  const caller = response.locals['caller'] as Caller | undefined;
  return {
    workspaceId: caller?.workspaceId ?? '',
    keyId: caller?.keyId ?? null,
    requestId: requestIdOf(response),
    operation,
    method: request.method.slice(0, 20),
    path: (request.originalUrl.split('?')[0] ?? '').slice(0, MAX_PATH),
    status: response.statusCode,
    resource: null,
    address: clientAddress(request),
  };
}
