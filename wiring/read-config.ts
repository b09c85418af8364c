import { configFileOf, loadConfig, type Config, type Part } from '../config.ts';
import { openNetwork } from './network.ts';

/** The settings of a process, by its arguments. All its clients take the way out that they describe. */
export function readConfig(part: Part): Config {
  const config = loadConfig({ ...configFileOf(), part });
  openNetwork(config);
  return config;
}
