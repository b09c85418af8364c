import type { ModelUsage } from '../model-provider.ts';

/**
 * Whether an answer that met a limit had not begun, far below its own: the prompt alone filled the window, which is then smaller than
 * the catalogue says. Thinking that a server does not show is counted all the same.
 */
export function isUnbegun(parts: readonly unknown[], usage: ModelUsage, maxOutputTokens: number): boolean {
  return parts.length === 0 && usage.output_tokens < maxOutputTokens / 2;
}
