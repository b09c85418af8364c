import path from 'node:path';
import { isConsoleBuilt } from './console-build.ts';
import { runCommand } from './run-command.ts';
import type { Say, SetupStep } from './step.ts';

/** Builds the console where it is missing or older than its sources. */
export function consoleStep(root: string): SetupStep {
  return {
    name: 'Console',
    async run() {
      if (isConsoleBuilt(root)) return 'built already';
      await build(root);
      return 'built';
    },
  };
}

/**
 * Sees to it that the service starts with its console. A build that fails is told and holds up nothing: the API needs no console. `signal`
 * ends it.
 */
export async function ensureConsole(root: string, say: Say, signal?: AbortSignal): Promise<void> {
  if (isConsoleBuilt(root)) return;
  say('Building the console ...');
  try {
    await build(root, signal);
  } catch (error) {
    if (signal?.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    say(
      `The console could not be built (${reason}); npm run console:build tries again. The API runs without it.`,
    );
  }
}

function build(root: string, signal?: AbortSignal): Promise<void> {
  const program = path.join(root, 'setup', 'build-console.ts');
  return runCommand(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    folder: root,
    ...(signal && { signal }),
  });
}
