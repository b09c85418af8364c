import { blobStoreContract } from './contract.ts';
import { createInMemoryBlobStore } from './in-memory.ts';

blobStoreContract('memory', async () => {
  let shift = 0;
  return {
    store: createInMemoryBlobStore(() => Date.now() + shift),
    age: async (milliseconds) => {
      shift += milliseconds;
    },
    close: async () => undefined,
  };
});
