import { fileURLToPath } from 'node:url';
import { readHostEnvironment } from '../config.ts';
import { consoleStep } from './console.ts';
import { namespacePermission, thisMachine } from './namespace-permission.ts';
import { postgresLibraries } from './postgres-libraries.ts';
import type { SetupStep } from './step.ts';
import { describeSystem, systemPackages } from './system-packages.ts';
import { temporalCli } from './temporal-cli.ts';

/** The part of `npm run setup` that runs on the pinned Node.js, after the npm packages are there. */
const host = readHostEnvironment();
const system = describeSystem(host.searchPath);
const steps: SetupStep[] = [
  systemPackages(system),
  namespacePermission(thisMachine(system)),
  postgresLibraries,
  temporalCli(host),
  consoleStep(fileURLToPath(new URL('../', import.meta.url))),
];
const say = (line: string) => console.log(line);

for (const step of steps) {
  try {
    say(`${step.name}: ${await step.run(say)}`);
  } catch (error) {
    console.error(`\nsetup: ${step.name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
say('Ready. Start the service: npm start    Run the tests: npm test');
