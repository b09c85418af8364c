import { z } from 'zod';
import { newAgentSpec } from '../core/agent/agent-changes.ts';
import type { AgentSpec } from '../core/agent/agent-spec.ts';
import { newConfig } from '../core/environment/cloud-config.ts';
import { AppError, isAppError } from '../core/errors.ts';
import type { OfferedModels } from '../core/models/offered-models.ts';
import { modelId } from '../core/agent/resolve-model.ts';
import { AgentCreate } from '../core/schema/agent.ts';
import { EnvironmentCreate, type CloudConfig } from '../core/schema/environment.ts';
import type { Config } from '../config.ts';

const TOOLS = [{ type: 'agent_toolset_20260401' }];

/**
 * The default agent that the settings describe, with the model that stands in where they name none. A model that no worker has said yet that
 * it can reach may come.
 *
 * @returns throws `unavailable` while nobody knows whether there is that model, `invalid_request` where there is not.
 * @throws `bad_config` naming the setting.
 */
export function defaultAgentSpec(config: Config, models: OfferedModels): () => Promise<AgentSpec> {
  const read = (): AgentCreate =>
    parse(AgentCreate, 'simple_api.agent', {
      name: 'Assistant',
      model: models.defaultModel,
      tools: TOOLS,
      ...config.simple_api.agent,
    });
  const spec = (): AgentSpec => newAgentSpec(read(), models);
  if (models.resolve(modelId(read().model)) !== null) checked('simple_api.agent', spec);
  return async () => {
    const isNamed = config.simple_api.agent['model'] !== undefined;
    const named = isNamed ? modelId(read().model) : config.default_model;
    await models.confirm(named, 'simple_api.agent.model');
    return spec();
  };
}

/** The configuration of the default environment. @throws `bad_config` naming the setting. */
export function defaultEnvironmentConfig(config: Config): CloudConfig {
  const settings = { type: 'cloud', ...config.simple_api.environment };
  const params = parse(EnvironmentCreate, 'simple_api.environment', { name: 'Default', config: settings });
  return checked('simple_api.environment', () => newConfig(params.config));
}

function parse<Schema extends z.ZodType>(schema: Schema, where: string, value: object): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('bad_config', `${where}: ${z.prettifyError(parsed.error)}`);
}

function checked<T>(where: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError('bad_config', `${where}: ${error.message}`, { cause: error });
  }
}
