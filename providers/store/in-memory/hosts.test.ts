import { hostsContract } from '../contract/hosts.ts';
import { createInMemoryHosts } from './hosts.ts';

hostsContract('the in-memory double', async () => {
  let time = 0;
  let sessions = 0;
  return {
    ...createInMemoryHosts(() => time),
    pass: async (milliseconds) => void (time += milliseconds),
    session: async () => `session-${++sessions}`,
  };
});
