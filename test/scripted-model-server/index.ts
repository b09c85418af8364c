/** The scripted model server: a model provider for tests, over real HTTP. */
export {
  startScriptedModelServer,
  type ScriptedModelServer,
  type ScriptedModelServerOptions,
} from './server.ts';
export type { LedgerEntry } from './ledger.ts';
export type { ReceivedRequest } from './script-book.ts';
export type { Fault, Place, Scenario, Script, ScriptBlock } from './script.ts';
