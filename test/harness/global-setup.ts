import type { TestProject } from 'vitest/node';
import { startServices, type ServiceAddresses } from './services.ts';

declare module 'vitest' {
  interface ProvidedContext {
    services: ServiceAddresses;
  }
}

/** Starts the services once for the whole integration run and hands their addresses to every test file. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { stop, dataDir: _, ...addresses } = await startServices();
  project.provide('services', addresses);
  return stop;
}
