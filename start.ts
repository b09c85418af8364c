import { fileURLToPath } from 'node:url';
import { configFileOf, loadConfig, readHostEnvironment } from './config.ts';
import { isAppError } from './core/errors.ts';
import { supervise } from './supervisor/supervise.ts';

/** `npm start`: runs the whole service on this machine, and keeps it running. */
const say = (line: string): void => console.log(line);

try {
  const config = loadConfig({ ...configFileOf(), part: 'supervisor' });
  const root = fileURLToPath(new URL('./', import.meta.url));
  const service = await supervise({ config, host: readHostEnvironment(), root, say });
  const stop = new Promise<string>((resolve) => {
    process.on('SIGTERM', () => resolve('SIGTERM'));
    process.on('SIGINT', () => resolve('SIGINT'));
  });
  const first = await Promise.race([service.ready(), stop]);
  if (first === undefined) {
    say(`Managed Agent is ready.`);
    say(`  API          ${service.urls.api}`);
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
