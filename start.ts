import { fileURLToPath } from 'node:url';
import { configFileOf, loadConfig, readHostEnvironment } from './config.ts';
import { isAppError } from './core/errors.ts';
import { ensureConsole } from './setup/console.ts';
import { supervise } from './supervisor/supervise.ts';

/** `npm start`: runs the whole service on this machine, and keeps it running. */
const say = (line: string): void => console.log(line);

// Caught from the first moment, so that nothing that was started stays behind. A second one during a slow stop changes nothing.
const stop = new Promise<string>((resolve) => {
  process.on('SIGTERM', () => resolve('SIGTERM'));
  process.on('SIGINT', () => resolve('SIGINT'));
});

try {
  const config = loadConfig({ ...configFileOf(), part: 'supervisor' });
  const root = fileURLToPath(new URL('./', import.meta.url));
  const consoleReady = ensureConsole(root, say);
  const service = await supervise({ config, host: readHostEnvironment(), root, say });
  // Not ready in time is no reason to stop: what the parts wait for may still come.
  const ready = service.ready().then(
    async () => {
      await consoleReady;
      return true;
    },
    (error: unknown) => {
      say(error instanceof Error ? error.message : String(error));
      return false;
    },
  );
  if ((await Promise.race([ready, stop])) === true) {
    say(`Managed Agent is ready.`);
    say(`  Console      ${service.urls.api}`);
    say(`  API          ${service.urls.api}/v1`);
    if (service.urls.temporal_ui !== null) say(`  Temporal UI  ${service.urls.temporal_ui}`);
    say(`  data         ${config.data_dir}`);
    say('Stop it with Ctrl-C.');
  }
  say(`${await stop}: stopping.`);
  await service.stop();
  process.exit(0);
} catch (error) {
  // A wrong setting or a taken port is explained in its message; a stack would only hide it.
  console.error(isAppError(error) ? error.message : error);
  process.exit(1);
}
