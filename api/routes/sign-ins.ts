import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { idParam } from '../../core/schema/ids.ts';
import type { SignIn } from '../../providers/store/sign-ins.ts';
import type { SignIns } from '../console/sign-ins.ts';
import { defineRoute, type Route } from '../route.ts';

const ConsoleSignIn = z.object({
  id: z.string(),
  type: z.literal('console_sign_in'),
  created_at: z.string(),
  last_used_at: z.string(),
  expires_at: z.string(),
  address: z.string().nullable(),
  client: z.string().nullable(),
  current: z.boolean(),
});
const SignInList = z.object({ data: z.array(ConsoleSignIn) });
const SignInEnded = z.object({ id: z.string(), type: z.literal('console_sign_in_ended') });

/** Browsers that are signed in to the console with the caller's API key, and their end. */
export function signInRoutes({ signIns }: { signIns: Pick<SignIns, 'list' | 'end'> }): Route[] {
  const tag = 'Console';
  return [
    defineRoute({
      method: 'GET',
      path: '/console/sign-ins',
      operationId: 'listSignIns',
      summary: 'List the browsers that are signed in to the console with this API key, newest first',
      tag,
      rate: 'read',
      response: SignInList,
      handle: async ({ caller: { keyId, signInId } }) => {
        const found = keyId === null ? [] : await signIns.list(keyId);
        return { data: found.map((signIn) => shown(signIn, signInId)) };
      },
    }),

    defineRoute({
      method: 'DELETE',
      path: '/console/sign-ins/{sign_in_id}',
      operationId: 'endSignIn',
      summary: 'End a sign-in; what its browser has open breaks off within 5 seconds',
      tag,
      rate: 'write',
      params: z.object({ sign_in_id: idParam('signIn') }),
      response: SignInEnded,
      handle: async ({ caller: { keyId }, params: { sign_in_id: id } }) => {
        if (keyId === null || !(await signIns.end(keyId, id))) {
          throw new AppError('not_found', `Sign-in ${id} was not found.`);
        }
        return { id, type: 'console_sign_in_ended' as const };
      },
    }),
  ];
}

function shown(signIn: SignIn, current: string | undefined): z.input<typeof ConsoleSignIn> {
  const { id, address, client } = signIn;
  return {
    id,
    type: 'console_sign_in',
    created_at: new Date(signIn.createdAt).toISOString(),
    last_used_at: new Date(signIn.lastUsedAt).toISOString(),
    expires_at: new Date(signIn.expiresAt).toISOString(),
    address,
    client,
    current: id === current,
  };
}
