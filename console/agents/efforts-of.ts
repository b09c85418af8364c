import type { ModelInfo } from '@anthropic-ai/sdk/resources/models';

const LEVELS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

/** The efforts that a model can be asked for. */
export function effortsOf(model: ModelInfo | undefined): string[] {
  const effort = model?.capabilities?.effort;
  if (!effort?.supported) return [];
  return LEVELS.filter((level) => effort[level]?.supported === true);
}
