const STEPS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const;

/** How long ago: `now`, `3 min`, `5 h`, `2 d`. */
export function age(time: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1_000);
  for (const [unit, length] of STEPS) if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
  return 'now';
}

/** The full time, for a title. */
export function fullTime(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** The time of the day; before today with the date. */
export function clockTime(time: string): string {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(
    undefined,
    isToday ? { timeStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' },
  );
}

/** How long ago, in a sentence: `3 min ago`, `just now`. */
export function ago(time: string, now: number): string {
  const text = age(time, now);
  return text === 'now' ? 'just now' : `${text} ago`;
}
