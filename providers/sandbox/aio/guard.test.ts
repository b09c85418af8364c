import { expect, it } from 'vitest';
import { z } from 'zod';

import type { AioApi } from './api.ts';
import { createGuard } from './guard.ts';

it('parses no answer of very many values', async () => {
  const stdout = `{"files":[${'{},'.repeat(200_000)}0]}`;
  const call: AioApi['call'] = async (_method, _path, schema) =>
    schema.parse({ session_id: 's', status: 'completed', exit_code: 0, stdout });
  const guard = createGuard({ call } as AioApi, 'sesn_1', '/root');
  await expect(guard.ask('outputs', z.unknown())).rejects.toThrow(
    "the guard's answer to outputs holds more than 100000 values",
  );
});
