import { z } from 'zod';
import type { Json } from '../core/json.ts';
import { Settings } from './schema.ts';

/** One setting, as the schema describes it. */
export interface SettingDescription {
  /** Such as `['api', 'port']`. */
  path: string[];
  /** How text from the environment is read: `json` is an array or a map. */
  kind: 'string' | 'number' | 'boolean' | 'json';
  nullable: boolean;
  default: Json;
  description: string;
}

interface SchemaNode {
  /** Several where nothing but the type is said of a setting that may be null. */
  type?: string | string[];
  properties?: Record<string, SchemaNode>;
  anyOf?: SchemaNode[];
  default?: Json;
  description?: string;
}

/** All settings in the order of the schema. */
export function listSettings(): SettingDescription[] {
  return walk(z.toJSONSchema(Settings, { io: 'input', reused: 'inline' }) as SchemaNode, []);
}

function walk(node: SchemaNode, path: string[]): SettingDescription[] {
  if (node.properties) {
    return Object.entries(node.properties).flatMap(([name, child]) => walk(child, [...path, name]));
  }
  const types = (node.anyOf ?? [node]).flatMap((part) => part.type);
  return [
    {
      path,
      kind: kindOf(types.find((type) => type !== 'null')),
      nullable: types.includes('null'),
      default: node.default ?? null,
      description: node.description ?? '',
    },
  ];
}

function kindOf(type: string | undefined): SettingDescription['kind'] {
  if (type === 'integer' || type === 'number') return 'number';
  return type === 'string' || type === 'boolean' ? type : 'json';
}
