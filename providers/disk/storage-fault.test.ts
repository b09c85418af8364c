import { expect, it } from 'vitest';
import { AppError } from '../../core/errors.ts';
import { onStorageFault, toDiskFull, type StorageFault } from './storage-fault.ts';

const failed = (message: string, code?: string) => Object.assign(new Error(message), { code });

it.each([
  [failed('ENOSPC: no space left on device, write', 'ENOSPC'), 'full'],
  [failed('EDQUOT: disk quota exceeded, write', 'EDQUOT'), 'quota'],
  [failed('EROFS: read-only file system, open', 'EROFS'), 'read_only'],
  [failed('could not extend file "base/1/2": No space left on device', '53100'), 'full'],
  [failed('could not extend file "base/1/2": Disk quota exceeded', 'XX000'), 'quota'],
  [failed('could not open file "base/1/2": Read-only file system', '42501'), 'read_only'],
  [failed('UpdateWorkflowExecution operation failed. database or disk is full (13)'), 'full'],
  [new Error('the upload failed', { cause: failed('write', 'ENOSPC') }), 'full'],
])('calls a disk without room by its name: %s', (error, reason) => {
  const seen: StorageFault[] = [];
  const stop = onStorageFault((fault) => seen.push(fault));
  expect(toDiskFull(error, 'disk')).toMatchObject({ code: 'disk_full', retryAfterMs: 10_000 });
  stop();
  expect(seen).toEqual([{ store: 'disk', reason }]);
});

it.each([
  failed('connect ECONNREFUSED', 'ECONNREFUSED'),
  new AppError('invalid_request', 'The text says: no space left on device.'),
  'ENOSPC',
])('takes nothing else for one: %s', (error) => {
  expect(toDiskFull(error, 'disk')).toBeNull();
});
