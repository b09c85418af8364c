import './wiring/hang-ups.ts';
import { fileURLToPath } from 'node:url';
import { configFileOf, loadConfig, readHostEnvironment, type Config } from './config.ts';
import { isAppError } from './core/errors.ts';
import { ensureConsole } from './setup/console.ts';
import { runService } from './supervisor/run-service.ts';

/** `npm start`: runs the whole service on this machine, and keeps it running. */
const say = (line: string): void => console.log(line);
const root = fileURLToPath(new URL('./', import.meta.url));

function settings(): Config {
  try {
    return loadConfig({ ...configFileOf(), part: 'supervisor' });
  } catch (error) {
    console.error(isAppError(error) ? error.message : error);
    process.exit(1);
  }
}

const config = settings();
const code = await runService({
  config,
  host: readHostEnvironment(),
  root,
  say,
  reread: () => void loadConfig({ ...configFileOf(), part: 'supervisor' }),
  prepare: (signal) => ensureConsole(root, say, signal),
  announce(urls) {
    say(`Managed Agent is ready.`);
    say(`  Console      ${urls.api}`);
    say(`  API          ${urls.api}/v1`);
    if (urls.temporal_ui !== null) say(`  Temporal UI  ${urls.temporal_ui}`);
    say(`  data         ${config.data_dir}`);
    say('Stop it with Ctrl-C.');
  },
});
process.exit(code);
