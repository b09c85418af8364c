import { attemptSteps } from './attempts.ts';
import { complaintAbout, describeWorld } from './checks.ts';
import { clientRequests } from './client-requests.ts';
import { deliveries } from './deliveries.ts';
import { faults } from './faults.ts';
import type { Script } from './scripts.ts';
import { World, type Transition } from './world.ts';

/**
 * A session under a scheduler of the test's own: every transaction, workflow task, sandbox call and delivery is one transition, and
 * any order of them may be tried. The rules are the product's; only Temporal and the sandbox are played.
 */
export interface Simulation {
  /** Everything that can happen now. */
  transitions(): Transition[];
  /** What is wrong with a resting state; null when it is a good one. */
  complaint(): string | null;
  /** The state of everything, for people. */
  describe(): string;
}

export async function createSimulation(script: Script): Promise<Simulation> {
  const world = new World(script);
  await world.begin(script);
  return {
    transitions: () => [
      ...clientRequests(world),
      ...deliveries(world),
      ...attemptSteps(world),
      ...faults(world),
    ],
    complaint: () => complaintAbout(world),
    describe: () => describeWorld(world),
  };
}
