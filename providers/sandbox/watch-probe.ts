import type { SandboxDriver, SandboxProbe } from './sandbox.ts';

/** A host that cannot run sandboxes is looked at again after this long, at the next call that needs one. */
const AGAIN_MS = 30_000;

/** What a host can do, as far as it is known. */
export interface HostProbe {
  /** Tells `listener` every answer, beginning with the newest. */
  onProbe(listener: (probe: SandboxProbe) => void): void;
  /**
   * Why no sandbox can be started here, in words for a model; undefined where one can. An answer that is old is asked for again first, so
   * that a host that was repaired needs no restart of the service.
   */
  problem(): Promise<string | undefined>;
}

/**
 * Probes a driver at once, and again while it is not ok.
 *
 * @param now - milliseconds.
 */
export function watchProbe(driver: Pick<SandboxDriver, 'probe'>, now: () => number = Date.now): HostProbe {
  const listeners: ((probe: SandboxProbe) => void)[] = [];
  let askedAt = 0;
  let known: SandboxProbe | undefined;
  let newest = ask();

  async function ask(): Promise<SandboxProbe> {
    askedAt = now();
    let probe: SandboxProbe;
    try {
      probe = await driver.probe();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      probe = { ok: false, isolation: 'none', limits: [], why };
    }
    known = probe;
    for (const listener of listeners) listener(probe);
    return probe;
  }

  return {
    onProbe(listener) {
      listeners.push(listener);
      if (known !== undefined) listener(known);
    },
    async problem() {
      let probe = await newest;
      if (!probe.ok && now() - askedAt >= AGAIN_MS) {
        newest = ask();
        probe = await newest;
      }
      return probe.ok ? undefined : `This host cannot run sandboxes. ${probe.why ?? ''}`.trim();
    },
  };
}
