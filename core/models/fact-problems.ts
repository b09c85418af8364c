import { thinkingOver } from './known/model-facts.ts';
import { explainModel } from './model-catalog.ts';
import type { ModelSetting, SettingProblem } from './model-setting.ts';

/** Values of the configuration that contradict each other or what is known of the model. */
export function factProblems(settings: readonly ModelSetting[]): SettingProblem[] {
  return settings.flatMap((setting, index) =>
    [...problemsOf(setting, settings)].map((problem) => ({ index, ...problem })),
  );
}

function* problemsOf(
  setting: ModelSetting,
  settings: readonly ModelSetting[],
): Generator<Omit<SettingProblem, 'index'>> {
  const { id, provider, thinking, efforts, default_effort: standard, prices } = setting;
  const isOff = thinking === false || thinking === 'none';
  if (isOff && ((efforts?.length ?? 0) > 0 || standard !== undefined))
    yield { field: 'efforts', message: `${id} has no efforts where it does not think.` };
  if (typeof thinking === 'string' && thinkingOver(provider, thinking) !== thinking)
    yield {
      field: 'thinking',
      message: `the protocol ${provider} has no ${thinking} thinking; expected ${thinkingOver(provider, thinking)} or none.`,
    };
  if (standard !== undefined && !isOff) {
    const known = explainModel(id, { settings, usable: [] })?.entry.efforts ?? [];
    if (!known.includes(standard))
      yield {
        field: 'default_effort',
        message: `${id} ${known.length === 0 ? 'has no efforts' : `has the efforts ${known.join(', ')}`}; name those it has as efforts.`,
      };
  }
  for (const [place, { from, until }] of (prices?.periods ?? []).entries()) {
    const field = `prices.periods.${place}`;
    if (from === undefined && until === undefined)
      yield {
        field,
        message: 'expected from, until or both: the day on which it begins, the one on which it is over.',
      };
    else if (from !== undefined && until !== undefined && new Date(from) >= new Date(until))
      yield { field, message: `it is over (${until}) before it begins (${from}).` };
  }
}
