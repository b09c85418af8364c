import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { AppError, isAppError } from '../core/errors.ts';
import type { Access, Caller } from './access.ts';
import { addressSet, type AddressSet } from '../providers/network/address-set.ts';
import { noteForLog } from '../providers/telemetry/log-context.ts';
import type { Metrics } from '../providers/telemetry/metrics.ts';
import { createBodyBudget, type BodyBudget } from './bodies/body-budget.ts';
import { bodyLease, leaseOf } from './bodies/body-lease.ts';
import type { AuditTally } from './audit/audit-tally.ts';
import type { AuditTrail } from './audit/audit-trail.ts';
import { admit } from './door/admit.ts';
import { trustIn } from './door/client-address.ts';
import { gateOf } from './middleware/answer-gate.ts';
import { answerInTime } from './middleware/answer-in-time.ts';
import { auditRefusals } from './middleware/audit-refusals.ts';
import { auditRequest } from './middleware/audit.ts';
import { errors } from './middleware/errors.ts';
import { requestId, requestIdOf } from './middleware/request-id.ts';
import { onHeaders } from './middleware/on-headers.ts';
import { nameRoute, requestMetrics } from './middleware/request-metrics.ts';
import { requestLog } from './middleware/request-log.ts';
import { requestTrace } from './middleware/request-trace.ts';
import { inviteBody, isLetIn, unreadBody } from './middleware/unread-body.ts';
import { parseQuery } from './parse-query.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Route } from './route.ts';

/** Who is told of requests. */
export interface RequestObservers {
  /** Of every request. */
  metrics?: Pick<Metrics, 'request'>;
  /** Of every request that changes something. */
  audit?: Pick<AuditTrail, 'add'>;
  /** Of every request that is refused for whoever sent it. */
  refusals?: Pick<AuditTally, 'note'>;
  /** Whether requests are traced. */
  traced?: boolean;
}

export interface AppDeps {
  /** All of them; order does not matter. */
  routes: readonly Route[];
  access: Access;
  limiter: RateLimiter;
  /** Whole applications under a path; they check access themselves. */
  mounts?: readonly { path: string; handler: RequestHandler }[];
  /** Bounds the bodies that are held at once. */
  bodies?: BodyBudget;
  /** Proxies that say for whom they speak. */
  proxies?: AddressSet;
  log: Logger;
  observers?: RequestObservers;
  /** How long a client may take nothing of an answer before its connection is ended, milliseconds. Event streams are watched apart. */
  stallMs?: number;
  newRequestId: () => string;
}

/** Bytes of bodies that are held at once, where nothing else is set. */
export const BODY_BYTES = 128 * 1024 * 1024;
const STALL_MS = 60_000;

/** The HTTP application: routes behind the transport's rules. It holds nothing open and needs no closing. */
export function createApp(deps: AppDeps): Express {
  const { routes, access, mounts = [], log, observers = {}, newRequestId } = deps;
  const bodies = deps.bodies ?? createBodyBudget(BODY_BYTES);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('query parser', parseQuery);
  app.set('trust proxy', trustIn(deps.proxies ?? addressSet([])));

  app.use(requestId(newRequestId));
  app.use(requestLog(log));
  app.use(unreadBody());
  app.use(answerInTime());
  app.use(bodyLease(bodies));
  if (observers.metrics) app.use(requestMetrics(observers.metrics));
  if (observers.refusals) app.use(auditRefusals(observers.refusals));
  if (observers.traced) app.use(requestTrace());
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } }, hsts: false }));
  app.use((request, _response, next) => {
    access.checkOrigin(request.headers);
    next();
  });

  for (const { path, handler } of mounts) app.use(path, handler);

  const byPath = Map.groupBy([...routes].sort(literalsFirst), (route) => route.path);
  for (const [path, sharing] of byPath) {
    const pattern = path.replace(/\{(\w+)\}/g, ':$1');
    for (const route of sharing) {
      app[toVerb(route.method)](pattern, handlerOf(route, deps));
    }
    app.all(pattern, methodNotAllowed(sharing, access));
  }
  app.use(async (request, response) => {
    if (/^\/(v1|api)\//.test(request.path)) await admit(access, request, response);
    else access.admitAnybody(request, 'requests');
    throw new AppError('not_found', `There is no ${request.method} ${request.path.slice(0, 200)}.`);
  });
  app.use(countUnread(access), errors(log));
  return app;
}

/** A path that cannot be decoded is refused by the router, before any handler that would count the request. */
function countUnread(access: Access): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (!isAppError(error) && !isLetIn(response)) access.admitAnybody(request, 'requests');
    next(error);
  };
}

function handlerOf(
  route: Route,
  { access, limiter, observers, stallMs = STALL_MS }: AppDeps,
): RequestHandler {
  return async (request: Request, response: Response) => {
    nameRoute(response, route.path);
    const caller = await callerOf(route, access, request, response);
    if (caller.workspaceId !== '') noteForLog({ workspace_id: caller.workspaceId });
    const { session_id: sessionId } = request.params;
    if (typeof sessionId === 'string') noteForLog({ session_id: sessionId });
    if (route.access === 'key') response.setHeader('anthropic-workspace-id', caller.workspaceId);
    const gate = gateOf(response);
    const audit = observers?.audit;
    if (audit && route.access === 'key')
      auditRequest(audit, route.operationId, caller, request, response, gate);
    limiter.take(caller, route.rate);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const isStream = route.response.type === 'text/event-stream' || route.mayStream === true;
    if (isStream) response.once('close', limiter.openStream(caller));
    const lease = leaseOf(response);
    onHeaders(response, () => {
      // An event stream goes on for long after its request was understood.
      lease.release();
      // What a client does not take is held for it. Node counts from when it last took something, and ends the connection.
      if (!isStream) response.setTimeout(stallMs);
    });
    if (route.access === 'key') inviteBody(request, response);
    await route.serve(request, response, {
      caller,
      requestId: requestIdOf(response),
      signal: gone.signal,
      hold: (work) => gate.hold(work),
    });
  };
}

async function callerOf(route: Route, access: Access, request: Request, response: Response): Promise<Caller> {
  const isAnonymous = route.access === 'optional' && access.needsKey && !bringsCredentials(request, access);
  if (route.access === 'public' || isAnonymous) {
    access.admitAnybody(request, 'requests');
    return { workspaceId: '', keyId: null };
  }
  return admit(access, request, response);
}

function bringsCredentials(request: Request, access: Access): boolean {
  const { authorization, 'x-api-key': key } = request.headers;
  return authorization !== undefined || key !== undefined || access.tokenIn(request) !== '';
}

function methodNotAllowed(sharing: readonly Route[], access: Access): RequestHandler {
  const allowed = sharing.map(({ method }) => method);
  if (allowed.includes('GET')) allowed.push('HEAD' as 'GET');
  return async (request, response) => {
    if (sharing.some((route) => route.access === 'key')) await admit(access, request, response);
    else access.admitAnybody(request, 'requests');
    response.setHeader('allow', allowed.join(', '));
    throw new AppError(
      'method_not_allowed',
      `${request.method.slice(0, 20)} is not possible here; ${allowed.join(', ')} is.`,
    );
  };
}

function toVerb(method: Route['method']): 'get' | 'post' | 'delete' {
  return method === 'GET' ? 'get' : method === 'POST' ? 'post' : 'delete';
}

/** `/work/poll` comes before `/work/{work_id}`. */
function literalsFirst(first: Route, second: Route): number {
  const rank = (route: Route) => route.path.replaceAll('{', '~');
  return rank(first) < rank(second) ? -1 : 1;
}
