import { expect, it } from 'vitest';
import { createUploadsUnderWay } from './uploads-under-way.ts';

const refused = expect.objectContaining({
  code: 'invalid_request',
  details: { error_code: 'storage_quota_exceeded' },
});

it('lets the uploads of a workspace bring no more together than it has room for', () => {
  const uploads = createUploadsUnderWay();
  const [first, second] = [uploads.begin('w', 100, 100), uploads.begin('w', 100, 100)];
  first.take(60);
  second.take(40);
  expect(() => second.take(1)).toThrow(refused);
  uploads.begin('other', 100, 100).take(100);
  second.end();
  first.take(40);
  expect(() => first.take(1)).toThrow(refused);
  first.end();
  uploads.begin('w', 100, 100).take(100);
});
