import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCRIPTS, type Script } from './scripts.ts';
import { createSimulation } from './simulation.ts';

/** Walks of one script per run of the suite; a failing one prints its seed and its trace. */
const WALKS = 3_000;
/** A walk comes to rest within this many transitions, or the system goes round for ever. */
const LIMIT = 600;

describe('the session protocol', () => {
  for (const [name, script] of Object.entries(SCRIPTS)) {
    it(`comes to a good rest whatever the order of events: ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.noBias(fc.integer()), async (seed) => walk(script, seed)),
        { numRuns: WALKS, endOnFailure: true },
      );
    }, 120_000);
  }
});

/**
 * One random run. How often clients and faults act, against the system going on by itself, is drawn per walk, so that both hurried
 * and sparse interleavings occur. Budgets are finite, so every walk ends.
 */
async function walk(script: Script, seed: number): Promise<void> {
  const random = generator(seed);
  const calm = 0.3 + 0.65 * random();
  const simulation = await createSimulation(script);
  const trace: string[] = [];
  try {
    for (let count = 0; count < LIMIT; count++) {
      const possible = simulation.transitions();
      const system = possible.filter((transition) => transition.system);
      if (system.length === 0) expect(simulation.complaint()).toBeNull();
      if (possible.length === 0) return;
      const others = possible.filter((transition) => !transition.system);
      const pool = others.length === 0 || (system.length > 0 && random() < calm) ? system : others;
      const next = pool[Math.floor(random() * pool.length)];
      if (!next) throw new Error('an empty pool');
      trace.push(next.label);
      await next.run();
    }
    throw new Error('livelock: the system does not come to rest');
  } catch (error) {
    const steps = trace.map((label, index) => `  ${index + 1}. ${label}`).join('\n');
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}\n${steps}\n${simulation.describe()}`, { cause: error });
  }
}

/** A small seeded generator of numbers in [0, 1): the walk of a seed is the same on every machine. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
