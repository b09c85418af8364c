import type { Effort } from '../model-entry.ts';
import type { ModelFacts } from './model-facts.ts';

const IMAGES = {
  maxCount: 100,
  // The vendor measures the base64 form, which may have 5 MiB.
  maxBytes: (5 * 1024 * 1024 * 3) / 4,
  maxPixelsPerSide: 2000,
  mediaTypes: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
} as const;

const ALL_EFFORTS: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max'];

/**
 * What holds for a Claude model by its version alone, so that one released after our list works as well: from 3.7 on models think within
 * a budget, from 4.6 on adaptively with a 1M-token window; from 4.7 on they refuse sampling settings
 * (https://platform.claude.com/docs/en/about-claude/models/migration-guide); and from 4.8 on (Sonnet and Haiku from 5) system messages may stand
 * mid-conversation.
 *
 * @param name - as `namesOf` gives it.
 */
export function claudeFacts(name: string): ModelFacts {
  const { family, version } = versionOf(name);
  const adaptive = version >= 4.06;
  const opus = family === 'opus';
  const efforts = effortsOf(version, opus);
  return {
    contextWindow: adaptive ? 1_000_000 : version < 2.01 ? 100_000 : 200_000,
    maxOutputTokens: outputOf(version, opus),
    tools: version >= 3,
    images: version >= 3 ? IMAGES : null,
    pdf: version >= 3.05,
    thinking: adaptive ? 'adaptive' : version >= 3.07 ? 'budget' : 'none',
    efforts,
    defaultEffort: efforts.length > 0 ? 'high' : null,
    fastMode: opus && version >= 4.08,
    sampling: version < 4.07,
    // Fable and Mythos refuse to be told not to.
    thinksUnasked: version >= 5 && !/^(fable|mythos)$/.test(family),
    midConversationSystem: version >= 5 || (opus && version >= 4.08),
  };
}

function outputOf(version: number, opus: boolean): number {
  if (version >= 4.06) return 128_000;
  if (version >= 4.05 || version === 3.07 || (version >= 4 && !opus)) return 64_000;
  if (version >= 4) return 32_000;
  return version >= 3.05 ? 8_192 : 4_096;
}

function effortsOf(version: number, opus: boolean): readonly Effort[] {
  if (version >= 4.07) return ALL_EFFORTS;
  if (version >= 4.06) return ['low', 'medium', 'high', 'max'];
  return version === 4.05 && opus ? ['low', 'medium', 'high'] : [];
}

/** `claude-opus-4-8` → 4.08, `claude-3-7-sonnet` → 3.07, `claude-sonnet-5` → 5; ids without a version count as newest. */
function versionOf(name: string): { family: string; version: number } {
  const newer = /^claude-([a-z]+)-(\d{1,2})(?:-(\d{1,2}))?(?:-|$)/.exec(name);
  const older = /^claude-(?:v|instant-v?)?(\d)(?:[-.](\d))?(?:-([a-z]+))?/.exec(name);
  const [family, major, minor] = newer?.slice(1) ?? [older?.[3] ?? '', older?.[1] ?? '99', older?.[2]];
  return { family: family ?? '', version: Number(major) + Number(minor ?? 0) / 100 };
}
