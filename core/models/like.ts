import { describeModel, isKnownName, layered, type Asked, type Described } from './known/describe.ts';
import { thinkingOver, type ModelFacts } from './known/model-facts.ts';
import type { ModelProviderKind } from './model-entry.ts';
import type { ModelSetting, SettingProblem } from './model-setting.ts';
import { statedFacts } from './with-setting.ts';

/**
 * The model of the configuration that `like` names, or null where it names one that is known besides. A model that is like its own id
 * takes after the one that is known by this name.
 */
function likedSetting(setting: ModelSetting, settings: readonly ModelSetting[]): ModelSetting | null {
  if (setting.like === undefined || setting.like === setting.id) return null;
  return settings.find(({ id }) => id === setting.like) ?? null;
}

/** Models that take after one that nobody knows, or after themselves in a circle. */
export function likeProblems(settings: readonly ModelSetting[]): SettingProblem[] {
  return settings.flatMap((setting, index): SettingProblem[] => {
    if (setting.like === undefined) return [];
    const circle = circleFrom(setting, settings);
    if (circle !== null)
      return [
        {
          index,
          field: 'like',
          message: `${circle.join(' takes after ')}: one of them has to take after another model.`,
        },
      ];
    if (likedSetting(setting, settings) !== null || isKnownName(setting.like, setting.provider)) return [];
    return [
      {
        index,
        field: 'like',
        message: `${setting.id} takes after ${setting.like}, which is neither the id of another model of the configuration nor the name of a known one.`,
      },
    ];
  });
}

function circleFrom(setting: ModelSetting, settings: readonly ModelSetting[]): string[] | null {
  const passed = [setting.id];
  for (let next = likedSetting(setting, settings); next !== null; next = likedSetting(next, settings)) {
    passed.push(next.id);
    if (next.id === setting.id) return passed;
    // Another circle, which is a problem of those in it.
    if (passed.indexOf(next.id) < passed.length - 1) return null;
  }
  return null;
}

/**
 * What is known of a model, with what it takes from the one that it is like: all that is known of that, but neither its name, nor how long its
 * vendor offers it, nor how it is reached.
 */
export function likedFacts(
  known: Described,
  setting: ModelSetting,
  asked: Asked,
  settings: readonly ModelSetting[],
): Described {
  const { like } = setting;
  if (like === undefined) return known;
  const { displayName: _name, retiresAt: _end, ...facts } = factsOfLiked(like, setting, asked, settings);
  return layered(known, overProtocol(facts, setting.provider), `like ${like}`);
}

function factsOfLiked(
  like: string,
  setting: ModelSetting,
  asked: Asked,
  settings: readonly ModelSetting[],
): ModelFacts {
  const liked = likedSetting(setting, settings);
  if (liked === null) return stated(describeModel(asked, like));
  const there: Asked = {
    id: liked.id,
    provider: liked.provider,
    vendorModel: liked.vendor_model,
    baseUrl: liked.base_url,
    ...(liked.provider === asked.provider ? { providerUrl: asked.providerUrl } : {}),
    api: liked.api,
  };
  // Without the model itself, so that a circle comes to an end.
  const others = settings.filter((other) => other !== setting);
  const base = likedFacts(describeModel(there), liked, there, others);
  return stated(layered(base, statedFacts(base.facts, liked), 'configuration'));
}

/** What is known, without what is assumed of any model. */
function stated({ facts, origins }: Described): ModelFacts {
  return Object.fromEntries(
    Object.entries(facts).filter(([fact]) => origins[fact as keyof typeof origins] !== 'default'),
  );
}

function overProtocol(facts: ModelFacts, provider: ModelProviderKind): ModelFacts {
  return {
    ...facts,
    ...(facts.thinking === undefined ? {} : { thinking: thinkingOver(provider, facts.thinking) }),
    ...(facts.fastMode === undefined ? {} : { fastMode: facts.fastMode && provider === 'anthropic' }),
  };
}
