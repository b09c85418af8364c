import { AppError } from '../errors.ts';
import type { ModelEntry } from '../models/model-entry.ts';
import { givenSettings, REQUEST_SETTINGS, settingProblem } from '../models/request-settings.ts';
import type { ModelParams } from '../schema/model-config.ts';
import type { AgentSpec, Models } from './agent-spec.ts';

type ModelConfig = AgentSpec['model'];

/** The id of the model that a client named. */
export function modelId(params: ModelParams): string {
  return typeof params === 'string' ? params : params.id;
}

/**
 * The model that a client named, with the settings it runs with. An effort that is left out stays what it was while the model stays
 * the same, and is the model's own default otherwise. Other settings that are left out are the vendor's own.
 *
 * @param where - the path of the field in messages.
 * @throws `invalid_request` for an unknown model or a setting that it does not have.
 */
export function resolveModel(
  params: ModelParams,
  models: Models,
  stored?: ModelConfig,
  where = 'model',
): ModelConfig {
  const given = typeof params === 'string' ? { id: params } : params;
  const entry = models.resolve(given.id);
  if (entry === null) {
    throw invalid(
      where,
      `there is no model ${JSON.stringify(given.id)} here. GET /v1/models lists those there are; a vendor’s models are offered once its key is configured.`,
    );
  }
  if (given.inference_geo != null) {
    throw invalid(`${where}.inference_geo`, 'this service cannot choose where a model runs; leave it out');
  }
  if (given.speed === 'fast' && !entry.fastMode) {
    throw invalid(`${where}.speed`, `${given.id} has no fast mode`);
  }
  const effort = effortOf(given, entry, stored, where);
  const settings = givenSettings(given);
  for (const name of REQUEST_SETTINGS.filter((setting) => settings[setting] !== undefined)) {
    const problem = settingProblem(entry, settings, name);
    if (problem !== null) throw invalid(`${where}.${name}`, problem);
  }
  return {
    id: given.id,
    ...(effort === null ? {} : { effort: { type: effort } }),
    speed: given.speed ?? 'standard',
    ...settings,
  };
}

function effortOf(
  given: Exclude<ModelParams, string>,
  entry: ModelEntry,
  stored: ModelConfig | undefined,
  where: string,
): ModelEntry['defaultEffort'] {
  if (given.effort === undefined && stored?.id === given.id && stored.effort) return stored.effort.type;
  if (given.effort == null) return entry.defaultEffort;
  const effort = typeof given.effort === 'string' ? given.effort : given.effort.type;
  if (!entry.efforts.includes(effort)) {
    const known = entry.efforts.length === 0 ? 'it has none' : `it has ${entry.efforts.join(', ')}`;
    throw invalid(`${where}.effort`, `${given.id} does not have the effort ${effort}; ${known}`);
  }
  return effort;
}

function invalid(where: string, what: string): AppError {
  return new AppError('invalid_request', `${where}: ${what}`);
}
