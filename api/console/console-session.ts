import { createHash } from 'node:crypto';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { Access, Caller } from '../access.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import type { OperatorCheck } from '../operator-check.ts';
import { clientAddress } from '../door/client-address.ts';
import { entryOf } from '../middleware/audit-refusals.ts';
import { inviteBody } from '../middleware/unread-body.ts';
import { readJsonBody, SMALL_BODY } from '../read-body.ts';
import { validate } from '../validate.ts';
import { signInCookie, withoutOldCookie } from './sign-in-cookie.ts';
import type { SignIns } from './sign-ins.ts';

export const CONSOLE_SESSION_PATH = '/console/session';

/** Characters that are kept of what a browser calls itself. */
const MAX_CLIENT = 300;

const SignIn = z.strictObject({ key: z.string().trim().min(1).max(1_000) });

/** What the console's page asks before anything else. */
export interface ConsoleSession {
  /** Whether the service asks for API keys at all. */
  key_required: boolean;
  /** The caller's workspace; null: a key must be shown first. */
  workspace: string | null;
  /** The sign-in of this browser; null: it shows a key itself, or needs none. */
  sign_in: string | null;
  /** Address below which Temporal's UI shows the run of a session, by the session's id; null: none for this caller. */
  temporal_runs: string | null;
  version: string;
}

/**
 * Who uses the console, at {@link CONSOLE_SESSION_PATH}: `GET` tells, `POST` with a key signs in, `DELETE` signs out. A random
 * token stands for the key, in a cookie that scripts cannot read.
 */
export function consoleSession(deps: {
  access: Omit<Access, 'checkOrigin' | 'watch'>;
  signIns: Pick<SignIns, 'begin' | 'find' | 'end'>;
  mayOperate: OperatorCheck;
  /** Told who signs in and out. */
  audit?: Pick<AuditTrail, 'add'>;
  /** The namespace of the runs; null: there is no Temporal UI. */
  temporalNamespace: string | null;
  version: string;
}): RequestHandler {
  const { access, signIns, mayOperate, temporalNamespace, version } = deps;

  function describe(caller: Caller | null): ConsoleSession {
    const namespace = caller !== null && passes(() => mayOperate(caller)) ? temporalNamespace : null;
    return {
      key_required: access.needsKey,
      workspace: caller?.workspaceId ?? null,
      sign_in: caller?.signInId ?? null,
      temporal_runs:
        namespace === null ? null : `/temporal/namespaces/${encodeURIComponent(namespace)}/workflows/`,
      version,
    };
  }

  /** Ends the sign-in that a browser has, if it has one. */
  async function endOwn(request: Request, response: Response): Promise<void> {
    const found = await signIns.find(access.tokenIn(request));
    if (found === null || !(await signIns.end(found.keyId, found.id))) return;
    const { keyId, id: resource } = found;
    await deps.audit?.add({ ...entryOf(request, response, 'signOut'), keyId, resource });
  }

  function setCookie(request: Request, response: Response, token: string): void {
    const isSecure = access.isSecure(request);
    response.append('set-cookie', signInCookie(token, request.headers, isSecure));
    dropOldCookie(request, response);
  }

  function dropOldCookie(request: Request, response: Response): void {
    const dropped = withoutOldCookie(request.headers, access.isSecure(request));
    if (dropped !== null) response.append('set-cookie', dropped);
  }

  async function signIn(request: Request, response: Response): Promise<void> {
    access.admitAnybody(request, 'signIns');
    inviteBody(request, response);
    const { key } = validate(SignIn, await readJsonBody(request, response, SMALL_BODY));
    const caller = access.callerWith(key, request);
    if (caller.keyId === null) {
      response.json(describe(caller));
      return;
    }
    await endOwn(request, response);
    const sha256 = createHash('sha256').update(key).digest('hex');
    const from = {
      address: clientAddress(request),
      client: request.headers['user-agent']?.slice(0, MAX_CLIENT) ?? null,
    };
    const { id, token } = await signIns.begin({ id: caller.keyId, sha256 }, from);
    setCookie(request, response, token);
    const { workspaceId, keyId } = caller;
    await deps.audit?.add({ ...entryOf(request, response, 'signIn'), workspaceId, keyId, resource: id });
    response.json(describe({ ...caller, signInId: id }));
  }

  const router = express.Router();
  router.use((_request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    next();
  });
  router.get('/', async (request, response) => {
    dropOldCookie(request, response);
    response.json(describe(await known(access.authenticate(request))));
  });
  router.post('/', signIn);
  router.delete('/', async (request, response) => {
    access.admitAnybody(request, 'requests');
    await endOwn(request, response);
    setCookie(request, response, '');
    response.json(describe(null));
  });
  return router;
}

/** The caller, or null when nobody is known. */
async function known(caller: Promise<Caller>): Promise<Caller | null> {
  try {
    return await caller;
  } catch (error) {
    if (error instanceof AppError && ['unauthenticated', 'forbidden'].includes(error.code)) return null;
    throw error;
  }
}

/** Whether a check lets the caller pass; what goes wrong for another reason is thrown on. */
function passes(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof AppError && ['unauthenticated', 'forbidden'].includes(error.code)) return false;
    throw error;
  }
}
