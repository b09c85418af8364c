import { expect, it, vi } from 'vitest';
import { pickFreePort } from '../providers/host/free-port.ts';
import { answerWhileStarting } from './answer-while-starting.ts';
import { startHttpServer } from './http-server.ts';

it('answers probes until the start is over, and leaves the address to the api', async () => {
  const address = { host: 'localhost', port: await pickFreePort() };
  const url = `http://localhost:${address.port}`;
  const start = Promise.withResolvers<string>();
  const started = answerWhileStarting(address, () => 'req_1', start.promise, 0);
  const answer = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return [response.status, await response.json()];
  };
  await vi.waitFor(async () => expect(await answer('/livez')).toEqual([200, { status: 'ok' }]), 60_000);
  expect(await answer('/readyz')).toMatchObject([503, { status: 'not_ready' }]);
  expect(await answer('/v1/agents')).toMatchObject([
    503,
    { error: { type: 'api_error' }, request_id: 'req_1' },
  ]);
  start.resolve('done');
  expect(await started).toBe('done');
  const api = await startHttpServer(
    (_, response) => response.end(),
    address,
    () => 'req_2',
  );
  expect((await fetch(url)).status).toBe(200);
  api.stop(0);
});

it('listens to nothing when the start is over before', async () => {
  const address = { host: 'localhost', port: await pickFreePort() };
  expect(await answerWhileStarting(address, () => 'req_1', Promise.resolve('done'), 0)).toBe('done');
  await expect(fetch(`http://localhost:${address.port}/livez`)).rejects.toThrow();
});

it('fails as the start fails', async () => {
  const address = { host: 'localhost', port: await pickFreePort() };
  const failing = Promise.reject(new Error('no schema'));
  await expect(answerWhileStarting(address, () => 'req_1', failing, 0)).rejects.toThrow('no schema');
});
