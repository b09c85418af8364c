import type { Logger } from 'pino';
import { followSettings } from '../config/changeable.ts';
import { configFileOf, loadConfig, type Config, type Part } from '../config.ts';
import { hideSecrets } from '../providers/telemetry/logger.ts';
import { secretsIn } from '../providers/telemetry/redact.ts';
import { onHangUp } from './hang-ups.ts';

/** Settings that may change while the process runs. */
export interface ReloadedSettings {
  /** Calls this each time after settings were taken on, with the names of those that changed. */
  onTaken(apply: (settings: readonly string[]) => void): void;
}

/**
 * Reads the settings anew at each SIGHUP, with the files that they name, and takes on those that may change while the process runs.
 * Settings that are wrong change nothing.
 *
 * @param config - just read, and used by the process; changed in place.
 */
export function reloadSettings(config: Config, log: Logger, part: Part): ReloadedSettings {
  const follow = followSettings(config);
  const applying: ((settings: readonly string[]) => void)[] = [];
  onHangUp(() => {
    try {
      const next = loadConfig({ ...configFileOf(), part });
      hideSecrets(log, secretsIn(next));
      const { taken, waiting } = follow(next);
      log.level = config.log.level;
      for (const apply of applying) apply(taken);
      log.info({ settings: taken }, `SIGHUP: the settings were read anew, and ${taken.length} changed`);
      if (waiting.length > 0)
        log.warn({ settings: waiting }, 'these settings changed, and count after a restart only');
    } catch (error) {
      log.error({ err: error }, 'SIGHUP: the settings are wrong now, so those of before stay');
    }
  });
  return { onTaken: (apply) => void applying.push(apply) };
}
