import { expect, it } from 'vitest';
import { silentRelay } from '../harness/silent-relay.ts';
import { startTestServices } from '../harness/start-test-services.ts';
import { lazyConnection } from '../../providers/temporal-server/client-connection.ts';

it('gives a request up over a connection that is silent, and finds one that works', async () => {
  const services = await startTestServices();
  const relay = await silentRelay(services.temporalAddress);
  const connection = lazyConnection({ address: relay.address });
  const ask = async (): Promise<unknown> => connection.workflowService.getSystemInfo({});
  try {
    await ask();
    relay.silence();
    const began = performance.now();
    await expect(ask()).rejects.toMatchObject({ code: 4 });
    expect(performance.now() - began).toBeLessThan(25_000);
    relay.letThrough();
    await expect
      .poll(
        async () =>
          ask().then(
            () => 'answered',
            () => 'failed',
          ),
        { timeout: 60_000 },
      )
      .toBe('answered');
    console.log(
      `a silent connection to Temporal was replaced after ${Math.round(performance.now() - began)} ms`,
    );
  } finally {
    await connection.close();
    await relay.close();
    await services.stop();
  }
});
