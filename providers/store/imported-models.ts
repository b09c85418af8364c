import type { ModelSetting } from '../../core/models/model-setting.ts';

/**
 * What model servers list by themselves. Workers, which have the keys, ask the servers and write it down; every process reads it here,
 * so that a server that is down is remembered as it was. Rejects with `unavailable`; nothing is retried.
 */
export interface ImportedModels {
  /** The newest list of each of these connections that was ever read, in the order of `connections`. */
  read(connections: readonly string[]): Promise<ModelSetting[]>;
  /** Replaces the list of a connection. */
  write(connection: string, models: readonly ModelSetting[]): Promise<void>;
}
