import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { afterEach, expect, it } from 'vitest';
import { patientFetch } from './patient-fetch.ts';

const usual = getGlobalDispatcher();
afterEach(() => setGlobalDispatcher(usual));

it('waits for headers and for pieces longer than fetch by itself', async () => {
  const http = createServer((_request, response) => {
    setTimeout(() => {
      response.writeHead(200).write('a');
      setTimeout(() => response.end('b'), 2_500);
    }, 2_500);
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const { port } = http.address() as AddressInfo;
  const url = `http://127.0.0.1:${String(port)}/`;
  setGlobalDispatcher(new Agent({ headersTimeout: 100, bodyTimeout: 100 }));
  const impatient = fetch(url).then(async (response) => response.text());
  const patient = patientFetch(url, {}, new Headers()).then(async (response) => response.text());
  await expect(impatient).rejects.toThrow('fetch failed');
  expect(await patient).toBe('ab');
  http.close();
});
