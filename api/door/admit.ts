import type { Request, Response } from 'express';
import type { Access, Caller } from '../access.ts';
import { leaseOf } from '../bodies/body-lease.ts';
import { letIn } from '../middleware/unread-body.ts';

/**
 * Lets a request in whose caller is known: its body may be read, and counts as theirs. The answer breaks off when the key or the sign-in
 * ends that it was asked for with.
 *
 * @throws what `authenticate` throws.
 */
export async function admit(
  access: Pick<Access, 'authenticate' | 'watch'>,
  request: Request,
  response: Response,
): Promise<Caller> {
  const caller = await access.authenticate(request);
  letIn(response);
  response.locals['caller'] = caller;
  leaseOf(response).ownedBy(caller.keyId ?? caller.workspaceId);
  if (caller.keyId !== null) {
    response.once(
      'close',
      access.watch(caller, () => response.destroy()),
    );
  }
  return caller;
}
