import type { Effort } from '../model-entry.ts';
import type { ModelFacts } from './model-facts.ts';

const IMAGES = {
  maxCount: 3_000,
  maxBytes: 7 * 1024 * 1024,
  maxPixelsPerSide: 3_072,
  mediaTypes: ['image/jpeg', 'image/png', 'image/webp', 'image/heic', 'image/heif'],
} as const;

const EFFORTS: readonly Effort[] = ['low', 'medium', 'high'];
const SILENT: ModelFacts = { thinking: 'none', efforts: [], defaultEffort: null };

/**
 * What holds for Google's models by name, or null where the name is none of theirs. From Gemini 3 on they take a thinking level, 2.5 a
 * budget of tokens, and before that they do not think. `name` is as `namesOf` gives it.
 */
export function geminiFacts(name: string): ModelFacts | null {
  if (name.startsWith('gemma')) return gemmaFacts(name);
  if (name.startsWith('learnlm'))
    return {
      ...GEMINI,
      ...SILENT,
      maxOutputTokens: 8_192,
      contextWindow: name.includes('1.5') ? 32_767 : 1_048_576,
    };
  if (!name.startsWith('gemini')) return null;
  const version = versionOf(name);
  if (version < 2.5)
    return { ...GEMINI, ...SILENT, maxOutputTokens: 8_192, contextWindow: contextBefore25(name, version) };
  if (/-image(-|$)/.test(name))
    return {
      ...GEMINI,
      ...SILENT,
      contextWindow: version < 3 ? 32_768 : 65_536,
      maxOutputTokens: 32_768,
      tools: false,
    };
  return {
    ...GEMINI,
    thinking: version < 3 ? 'budget' : 'effort',
    ...(name.startsWith('gemini-3-pro') ? { efforts: ['low', 'high'] } : {}),
  };
}

/** `gemini-3.8-flash` → 3.8; names without a version are those of the newest, but for the first ones. */
function versionOf(name: string): number {
  if (/^gemini-pro(-vision)?$/.test(name)) return 1;
  if (name.startsWith('gemini-exp')) return 2;
  if (name.startsWith('gemini-robotics')) return 2.5;
  return Number(/^gemini-(?:[a-z]+-)*(\d+(?:\.\d+)?)/.exec(name)?.[1] ?? 99);
}

const GEMINI: ModelFacts = {
  contextWindow: 1_048_576,
  maxOutputTokens: 65_536,
  tools: true,
  images: IMAGES,
  pdf: true,
  efforts: EFFORTS,
  defaultEffort: 'high',
  midConversationSystem: false,
};

function contextBefore25(name: string, version: number): number {
  if (version < 1.5) return 32_760;
  return version === 1.5 && name.includes('pro') ? 2_097_152 : 1_048_576;
}

/** `gemma-3-27b` is the third; `gemma-7b`, which names its size alone, the first. */
function gemmaVersion(name: string): number {
  if (/^gemma-?\d+b/.test(name)) return 1;
  return Number(/^gemma-?(\d+)/.exec(name)?.[1] ?? 99);
}

/** The first three generations take neither tools nor PDFs at the vendor's. */
function gemmaFacts(name: string): ModelFacts {
  const version = gemmaVersion(name);
  const sees = version >= 4 || (version === 3 && !/-(270m|1b)\b/.test(name));
  return {
    contextWindow:
      version < 3
        ? 8_192
        : version >= 4 && !/e[24]b/.test(name)
          ? 262_144
          : /3n/.test(name)
            ? 32_768
            : 131_072,
    maxOutputTokens: version >= 4 ? 32_768 : version < 3 ? 4_096 : 8_192,
    tools: version >= 4,
    images: sees ? IMAGES : null,
    pdf: false,
    ...SILENT,
    midConversationSystem: false,
  };
}
