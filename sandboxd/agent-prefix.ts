import type { Settings } from './settings.ts';

/** The words before a program that is the agent's: they switch to its user, and leave it none of what sandboxd may do. */
export function agentPrefix({ agent, processes }: Pick<Settings, 'agent' | 'processes'>): string[] {
  const nothing = ['--inh-caps=-all', '--no-new-privs', '--'];
  if (agent !== null) {
    return ['setpriv', `--reuid=${agent.uid}`, `--regid=${agent.gid}`, '--clear-groups', ...nothing];
  }
  // On a system that it shares with others sandboxd may do no more than they.
  return processes === 'own' ? [] : ['setpriv', '--ambient-caps=-all', ...nothing];
}
