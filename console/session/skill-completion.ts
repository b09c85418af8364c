/** Something that a slash at the beginning of a message can be followed by. */
export interface Completion {
  name: string;
  about: string;
}

const LISTING: Completion = { name: 'skills', about: 'List the skills of this session' };

/** What completes the first word of a message: names that begin like it come before those that only contain it. */
export function completionsFor(text: string, commands: readonly Completion[]): readonly Completion[] {
  const typed = /^\/(\S*)$/.exec(text)?.[1]?.toLowerCase();
  if (typed === undefined) return [];
  const all = commands.length === 0 ? [] : [...commands, LISTING];
  const rank = ({ name }: Completion) => (name.startsWith(typed) ? 0 : name.includes(typed) ? 1 : 2);
  return all
    .filter((completion) => rank(completion) < 2)
    .toSorted((first, second) => rank(first) - rank(second) || first.name.localeCompare(second.name));
}
