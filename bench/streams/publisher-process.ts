import { setTimeout as delay } from 'node:timers/promises';
import { openPostgresBus } from '../../providers/bus/postgres/postgres-bus.ts';
import { createPreviewPublisher } from '../../providers/bus/preview-publisher.ts';

/** A worker process that streams tokens with the time at which each was made, at the rate it is told. */
const bus = await openPostgresBus({
  url: process.argv[2] ?? '',
  channels: ['interrupts'],
  onProblem: (message, error) => console.error(message, error),
});

export interface PublishOrder {
  sessionId: string;
  threadId: string;
  spanSeq: number;
  perSecond: number;
  tokens: number;
}

process.on('message', (order: PublishOrder) => {
  void publish(order).then(() => process.send?.({ done: true }));
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });

async function publish({ perSecond, tokens, ...span }: PublishOrder): Promise<void> {
  let next = 0;
  const publisher = createPreviewPublisher(bus, {
    ...span,
    newEventId: () => `sevt_bench_${span.spanSeq}_${++next}`,
  });
  const begun = performance.now();
  for (let sent = 0; sent < tokens;) {
    const due = Math.min(tokens, Math.floor(((performance.now() - begun) * perSecond) / 1_000));
    for (; sent < due; sent++) {
      publisher.part({ type: 'text-delta', index: 0, text: `${process.hrtime.bigint()} ` });
    }
    await delay(1);
  }
  await bus.flush();
}
