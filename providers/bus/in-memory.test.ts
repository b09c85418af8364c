import { busContract } from './contract.ts';
import { createInMemoryBus } from './in-memory.ts';

busContract('in memory', async () => {
  const bus = createInMemoryBus();
  return {
    sender: bus,
    receiver: bus,
    breakReceiver: async () => bus.breakConnection(),
    close: () => bus.close(),
  };
});
