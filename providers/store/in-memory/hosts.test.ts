import { hostsContract } from '../contract/hosts.ts';
import { createInMemoryHosts } from './hosts.ts';

hostsContract('the in-memory double', async () => {
  const sealed = new Set<string>();
  let time = 0;
  let sessions = 0;
  return {
    ...createInMemoryHosts(
      () => time,
      undefined,
      (toolUseId) => sealed.has(toolUseId),
    ),
    endCall: async (_session, toolUseId, end) => {
      if (end === 'sealed') sealed.add(toolUseId);
    },
    pass: async (milliseconds) => void (time += milliseconds),
    session: async () => `session-${++sessions}`,
  };
});
