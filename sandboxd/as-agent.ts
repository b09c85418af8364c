import type { Settings } from './settings.ts';

/**
 * Runs `operation` with the agent's effective user and group, so that the kernel decides about every path exactly as it would for the
 * agent's own commands. The operation must be synchronous: the ids are the whole process's, and the records of sandboxd are
 * opened in between as sandboxd.
 */
export type AsAgent = <Result>(operation: () => Result) => Result;

export function createAsAgent(agent: Settings['agent']): AsAgent {
  if (agent === null) return (operation) => operation();
  const { seteuid, setegid } = process;
  if (seteuid === undefined || setegid === undefined) throw new Error('this system has no user ids');
  return (operation) => {
    setegid.call(process, agent.gid);
    seteuid.call(process, agent.uid);
    try {
      return operation();
    } finally {
      seteuid.call(process, 0);
      setegid.call(process, 0);
    }
  };
}
