import { AppError } from '../core/errors.ts';
import type { Caller } from './access.ts';

/** Throws `forbidden` for a caller who may not see what shows all workspaces at once. */
export type OperatorCheck = (caller: Caller) => void;

export interface OperatorKey {
  id: string;
  workspace: string;
  operator: boolean;
}

/**
 * Who may open Temporal's UI and decrypt its payloads: everybody where there is one workspace, since then these show nothing that the
 * API does not; otherwise keys that are marked as an operator's.
 *
 * @param source - all keys; a function where they may change.
 */
export function createOperatorCheck(
  source: readonly OperatorKey[] | (() => readonly OperatorKey[]),
): OperatorCheck {
  return ({ keyId }) => {
    const keys = typeof source === 'function' ? source() : source;
    const alone = new Set(keys.map(({ workspace }) => workspace)).size <= 1;
    if (alone || keys.some(({ id, operator }) => operator && id === keyId)) return;
    throw new AppError(
      'forbidden',
      'This shows the sessions of all workspaces. It needs an API key with operator: true in auth.keys.',
    );
  };
}

/**
 * Who may read the audit log: keys that are marked as an operator's, however many workspaces there are, since it says what the holders
 * of all keys did, and from where. Without keys, whoever is on this machine.
 *
 * @param source - all keys as they are now.
 */
export function createAuditCheck(source: () => readonly { id: string; operator: boolean }[]): OperatorCheck {
  return ({ keyId }) => {
    const keys = source();
    if (keys.length === 0 || keys.some(({ id, operator }) => operator && id === keyId)) return;
    throw new AppError(
      'forbidden',
      'The audit log shows what all keys were used for. It needs an API key with operator: true in auth.keys.',
    );
  };
}
