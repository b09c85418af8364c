import { Readable } from 'node:stream';
import express from 'express';
import { expect, it } from 'vitest';
import { listen } from '../../test/harness/listen.ts';
import { sendContent } from './send-content.ts';

it('names a download so that what is read is what is saved', async () => {
  const app = express();
  app.get('/', async (_request, response) => {
    const content = Readable.from([Buffer.from('x')]);
    const filename = 'invoice\u202efdp.exe';
    await sendContent(
      response,
      { content, bytes: 1, type: 'text/html', filename },
      new AbortController().signal,
    );
  });
  const server = await listen(app);
  const { headers } = await fetch(server.url);
  await server.close();
  expect(headers.get('content-disposition')).toBe('attachment; filename=invoice_fdp.exe');
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});
