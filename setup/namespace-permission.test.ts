import { describe, expect, it } from 'vitest';
import { APPARMOR_PROFILE, namespacePermission, type NamespaceMachine } from './namespace-permission.ts';

function machine(changes: Partial<NamespaceMachine> = {}) {
  const installed: string[] = [];
  const said: string[] = [];
  const step = namespacePermission({
    isRestricted: () => true,
    works: async () => installed.length > 0,
    install: async (profile) => {
      // What is done was said before.
      expect(said.join('\n')).toContain('/etc/apparmor.d/managed-agent-bwrap');
      installed.push(profile);
    },
    ...changes,
  });
  return { run: () => step.run((line) => said.push(line)), installed, said };
}

describe('the permission to make sandboxes', () => {
  it('is given by a profile, which is shown first', async () => {
    const { run, installed, said } = machine();
    expect(await run()).toBe('installed');
    expect(installed).toEqual([APPARMOR_PROFILE]);
    expect(said.join('\n')).toContain('profile managed-agent-bwrap /usr/bin/bwrap flags=(unconfined) {');
  });

  it('is left alone where nothing restricts it, or where bubblewrap works', async () => {
    for (const changes of [{ isRestricted: () => false }, { works: async () => true }]) {
      const { run, installed, said } = machine(changes);
      await run();
      expect([installed, said]).toEqual([[], []]);
    }
  });

  it('that cannot be given stops set-up with what to do', async () => {
    const refused = machine({ install: () => Promise.reject(new Error('sudo ended with exit code 1')) });
    await expect(refused.run()).rejects.toThrow(
      /sudo ended with exit code 1.*As root, write the lines above/,
    );
    await expect(machine({ works: async () => false }).run()).rejects.toThrow('Another profile');
  });
});
