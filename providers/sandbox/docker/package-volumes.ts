import { randomBytes } from 'node:crypto';

import type Docker from 'dockerode';

import type { SandboxPackages } from '../environment.ts';
import type { PackageStore } from '../packages/package-cache.ts';
import { engineError, ignoreMissing, refusalStatus } from './engine.ts';
import { LABELS } from './labels.ts';

export interface PackageVolumesDeps {
  engine: Docker;
  instance: string;
  /** Fills the volume. */
  install(name: string, volume: string, packages: SandboxPackages): Promise<void>;
}

/**
 * Sets of packages in volumes of the engine. A set that is whole has a second volume, an empty one, whose label names the first: the engine
 * makes it once, whoever asks, so that of hosts that install the same set at the same time all use the one that came first.
 */
export function createPackageVolumes({ engine, instance, install }: PackageVolumesDeps): PackageStore {
  const markerOf = (name: string): string => `managed-agent-${instance}-packages-${name}`;
  const own = { [LABELS.instance]: instance };

  async function labelsOf(volume: string): Promise<Record<string, string> | undefined> {
    try {
      return (await engine.getVolume(volume).inspect()).Labels;
    } catch (error) {
      if (refusalStatus(error) === 404) return undefined;
      throw error;
    }
  }
  const remove = (volume: string): Promise<void> => ignoreMissing(engine.getVolume(volume).remove());
  async function asked<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      throw engineError('The Docker engine cannot be asked for volumes of packages', error);
    }
  }

  async function find(name: string): Promise<string | undefined> {
    const volume = (await labelsOf(markerOf(name)))?.[LABELS.packages];
    if (volume !== undefined && (await labelsOf(volume)) !== undefined) return volume;
    // Somebody tidied up.
    if (volume !== undefined) await remove(markerOf(name));
    return undefined;
  }
  /** One that a container uses stays: another host may be about to fill it. */
  async function removeLeftOver(name: string): Promise<void> {
    const filters = JSON.stringify({
      label: [`${LABELS.instance}=${instance}`, `${LABELS.packages}=${name}`],
    });
    for (const { Name } of (await engine.listVolumes({ filters })).Volumes) await remove(Name);
  }

  return {
    find: (name) => asked(() => find(name)),
    async install(name, packages) {
      const volume = `${markerOf(name)}-${randomBytes(4).toString('hex')}`;
      await asked(async () => {
        await removeLeftOver(name);
        await engine.createVolume({ Name: volume, Labels: { ...own, [LABELS.packages]: name } });
      });
      await install(name, volume, packages);
      return asked(async () => {
        const Labels = { ...own, [LABELS.packages]: volume };
        await engine.createVolume({ Name: markerOf(name), Labels });
        const first = (await find(name)) ?? volume;
        if (first !== volume) await remove(volume);
        return first;
      });
    },
  };
}
