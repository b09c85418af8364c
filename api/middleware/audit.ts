import type { Request, Response } from 'express';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { logContext } from '../../providers/telemetry/log-context.ts';
import type { Caller } from '../access.ts';
import type { AnswerGate } from './answer-gate.ts';
import { clientAddress } from '../door/client-address.ts';
import { requestIdOf } from './request-id.ts';

/** Ids named in one entry: all of what any request may bring, save for batches that are out of all measure. */
const NAMED = 1_000;
const TOO_MANY_REQUESTS = 429;

/**
 * Notes one request that changes something: who asked for what, and how it was answered. The answer goes out once the entry is durable;
 * one that is a stream is noted when its headers go, since it may never come to its end. Reads, and requests that were turned away for
 * their number, are not noted here.
 *
 * @param operation - the route's `operationId`.
 */
export function auditRequest(
  trail: Pick<AuditTrail, 'add'>,
  operation: string,
  caller: Caller,
  request: Request,
  response: Response,
  gate: Pick<AnswerGate, 'atEnd'>,
): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const address = clientAddress(request);
  // A session that a request makes is known before its answer, which may be a stream that names it nowhere.
  const known = logContext();
  const made = (): string | null =>
    request.params['session_id'] === undefined ? (known.session_id ?? null) : null;
  let resource: string | null = null;
  const json = response.json.bind(response);
  response.json = (body: unknown) => {
    if (response.statusCode < 400) resource = idsIn(body);
    return json(body);
  };
  let noted = false;
  const note = (): Promise<void> => {
    noted = true;
    response.locals['audited'] = true;
    return trail.add({
      workspaceId: caller.workspaceId,
      keyId: caller.keyId,
      requestId: requestIdOf(response),
      operation,
      method: request.method,
      path: request.path.slice(0, 1_000),
      status: response.statusCode,
      resource: resource ?? (isRefusal(response.statusCode) ? null : made()),
      address,
    });
  };
  const flushHeaders = response.flushHeaders.bind(response);
  response.flushHeaders = () => {
    if (!noted) void note();
    flushHeaders();
  };
  gate.atEnd(async () => {
    if (!noted && response.statusCode !== TOO_MANY_REQUESTS) await note();
  });
}

/** Nothing was done. After other errors it may have been. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500;
}

/** The ids that an answer names: its own, or those of what it lists. */
function idsIn(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  if ('id' in body && typeof body.id === 'string') return body.id;
  if (!('data' in body) || !Array.isArray(body.data)) return null;
  const ids = body.data.slice(0, NAMED).flatMap((item: unknown) => idsIn(item) ?? []);
  const more = body.data.length - NAMED;
  if (more > 0) ids.push(`and ${more} more`);
  return ids.length > 0 ? ids.join(' ') : null;
}
