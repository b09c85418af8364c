import { signInsContract } from '../contract/sign-ins.ts';
import { createInMemorySignIns } from './sign-ins.ts';

signInsContract('in memory', async () => ({
  signIns: createInMemorySignIns(Date.now),
  close: async () => undefined,
}));
