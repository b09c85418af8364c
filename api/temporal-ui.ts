import express, { type Request, type RequestHandler } from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { AppError } from '../core/errors.ts';
import type { Access } from './access.ts';
import type { AuditTally } from './audit/audit-tally.ts';
import type { AuditTrail } from './audit/audit-trail.ts';
import { withoutSignInCookie } from './console/sign-in-cookie.ts';
import { admit } from './door/admit.ts';
import { gateOf } from './middleware/answer-gate.ts';
import { entryOf } from './middleware/audit-refusals.ts';
import { inviteBody } from './middleware/unread-body.ts';
import type { OperatorCheck } from './operator-check.ts';
import { temporalUiTarget, type TemporalUiTarget } from './temporal-ui-target.ts';

export const TEMPORAL_UI_PATH = '/temporal';
/** How long the UI may say nothing to a request. */
const ANSWER_MS = 30_000;
/** Name of its use in the audit log. */
const USE = 'useTemporalUi';

/** The UI is a program of its own with inline scripts; it may load and call nothing elsewhere. */
const CONTENT_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'self'",
  "frame-ancestors 'self'",
].join('; ');

/**
 * Temporal's UI under {@link TEMPORAL_UI_PATH}, for callers whom the API knows and who may see all workspaces. Mount it at that path,
 * behind the check of origins.
 *
 * @param deps.target - URL or socket of the UI (`temporal-ui-target.ts`), which must serve itself under the same path; null: there is none,
 *   and requests answer 404.
 * @param deps.encrypted - payloads are encrypted: the UI is told to decrypt them at `/codec` of this API.
 */
export function createTemporalUi(deps: {
  target: string | null;
  access: Pick<Access, 'authenticate' | 'watch'>;
  mayOperate: OperatorCheck;
  encrypted: boolean;
  /** Told of each request that may change something. */
  audit?: Pick<AuditTrail, 'add'>;
  /** Told of each that reads. */
  reads?: Pick<AuditTally, 'note'>;
}): RequestHandler {
  if (deps.target === null) {
    return async (request, response) => {
      await admit(deps.access, request, response);
      throw new AppError('not_found', 'No Temporal UI is known. Name it in temporal.ui_url.');
    };
  }
  const target = temporalUiTarget(deps.target, TEMPORAL_UI_PATH);
  const router = express.Router();
  router.use(async (request, response, next) => {
    const caller = await admit(deps.access, request, response);
    deps.mayOperate(caller);
    const entry = entryOf(request, response, USE);
    const { audit, reads } = deps;
    if (request.method === 'GET' || request.method === 'HEAD') {
      response.once('close', () => reads?.note({ ...entry, status: response.statusCode }));
    } else if (audit) {
      gateOf(response).atEnd(async () => audit.add({ ...entry, status: response.statusCode }));
    }
    inviteBody(request, response);
    response.setHeader('content-security-policy', CONTENT_POLICY);
    next();
  });
  if (deps.encrypted) {
    router.get('/api/v1/settings', (request, response, next) => {
      settings(target, `${originOf(request)}/codec`).then((found) => response.json(found), next);
    });
  }
  router.use(
    createProxyMiddleware({
      ...target.proxy,
      changeOrigin: true,
      xfwd: false,
      proxyTimeout: ANSWER_MS,
      on: {
        proxyReq: (proxied) => {
          // Whoever runs the UI need not learn the keys of ours, nor tokens that stand for them.
          proxied.removeHeader('authorization');
          proxied.removeHeader('x-api-key');
          proxied.removeHeader('origin');
          const cookies = withoutSignInCookie(String(proxied.getHeader('cookie') ?? ''));
          if (cookies === '') proxied.removeHeader('cookie');
          else proxied.setHeader('cookie', cookies);
        },
        error: (_error, _request, response) => {
          if (!('writeHead' in response) || response.headersSent) {
            response.destroy();
            return;
          }
          response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '2' });
          response.end('The Temporal UI does not answer. It comes back with the Temporal server.\n');
        },
      },
    }),
  );
  return router;
}

/** The UI's settings with our codec in them. */
async function settings(target: TemporalUiTarget, codec: string): Promise<object> {
  // What serves sockets is a package, and loaded only for those who need it.
  const { Agent, fetch } = await import('undici');
  const { url, socketPath } = target;
  const dispatcher = socketPath === null ? undefined : new Agent({ connect: { socketPath } });
  try {
    const unanswered = (error: unknown): never => {
      throw new AppError('unavailable', 'The Temporal UI does not answer.', { cause: error });
    };
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await fetch(`${url}/api/v1/settings`, { signal, ...(dispatcher && { dispatcher }) }).catch(
      unanswered,
    );
    if (!answer.ok) throw new AppError('unavailable', `The Temporal UI answers ${answer.status}.`);
    const given = (await answer.json().catch(unanswered)) as { Codec?: object };
    return { ...given, Codec: { ...given.Codec, Endpoint: codec, IncludeCredentials: true } };
  } finally {
    await dispatcher?.destroy();
  }
}

/** Where the browser thinks it is: it sends its own view, which a proxy in front of us does not change. */
function originOf(request: Request): string {
  const referer = request.headers.referer;
  if (referer !== undefined && URL.canParse(referer)) {
    const { host, origin } = new URL(referer);
    if (host === request.headers.host) return origin;
  }
  return `${request.protocol}://${request.headers.host ?? ''}`;
}
