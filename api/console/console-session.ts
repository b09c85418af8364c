import express, { type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { Access, Caller } from '../access.ts';
import type { OperatorCheck } from '../operator-check.ts';
import { inviteBody } from '../middleware/unread-body.ts';
import { readJsonBody, SMALL_BODY } from '../read-body.ts';
import { validate } from '../validate.ts';
import { keyCookie } from './key-cookie.ts';

export const CONSOLE_SESSION_PATH = '/console/session';

const SignIn = z.strictObject({ key: z.string().trim().min(1).max(1_000) });

/** What the console's page asks before anything else. */
export interface ConsoleSession {
  /** Whether the service asks for API keys at all. */
  key_required: boolean;
  /** The caller's workspace; null: a key must be shown first. */
  workspace: string | null;
  /** Address below which Temporal's UI shows the run of a session, by the session's id; null: none for this caller. */
  temporal_runs: string | null;
  version: string;
}

/**
 * Who uses the console, at {@link CONSOLE_SESSION_PATH}: `GET` tells, `POST` with a key signs in, `DELETE` signs out. The key goes into
 * a cookie that scripts cannot read.
 */
export function consoleSession(deps: {
  access: Pick<Access, 'authenticate' | 'callerWith' | 'admitAnybody' | 'needsKey'>;
  mayOperate: OperatorCheck;
  /** The namespace of the runs; null: there is no Temporal UI. */
  temporalNamespace: string | null;
  /** Whether browsers reach the service over TLS. */
  isSecure: boolean;
  version: string;
}): RequestHandler {
  const { access, mayOperate, temporalNamespace, isSecure, version } = deps;

  function describe(caller: Caller | null): ConsoleSession {
    const namespace = caller !== null && passes(() => mayOperate(caller)) ? temporalNamespace : null;
    return {
      key_required: access.needsKey,
      workspace: caller?.workspaceId ?? null,
      temporal_runs:
        namespace === null ? null : `/temporal/namespaces/${encodeURIComponent(namespace)}/workflows/`,
      version,
    };
  }

  async function signIn(request: Request, response: Response): Promise<void> {
    access.admitAnybody(request, 'signIns');
    inviteBody(request, response);
    const { key } = validate(SignIn, await readJsonBody(request, response, SMALL_BODY));
    const caller = access.callerWith(key, request);
    response.setHeader('set-cookie', keyCookie(key, request.headers, isSecure));
    response.json(describe(caller));
  }

  const router = express.Router();
  router.use((_request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    next();
  });
  router.get('/', async (request, response) => {
    response.json(describe(await known(access.authenticate(request))));
  });
  router.post('/', signIn);
  router.delete('/', (request, response) => {
    access.admitAnybody(request, 'requests');
    response.setHeader('set-cookie', keyCookie('', request.headers, isSecure));
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
