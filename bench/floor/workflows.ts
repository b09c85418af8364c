import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '10s' });

export const turn = defineSignal('turn');

/** The least that a turn of three activities can be: wait for a signal, run three that do nothing, again. */
export async function floor(turns: number): Promise<void> {
  let waiting = 0;
  setHandler(turn, () => {
    waiting++;
  });
  for (let done = 0; done < turns; done++) {
    await condition(() => waiting > 0);
    waiting--;
    await nothing();
    await nothing();
    await nothing();
  }
}
