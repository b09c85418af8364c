/** Letters that may be wrong, missing, too many or swapped in a name that is still taken for another. */
const MAX_DISTANCE = 2;

/** The name that was probably meant; null when none is near. Of equally near ones the first in the list. */
export function suggestSkill(typed: string, names: readonly string[]): string | null {
  const wanted = typed.toLowerCase();
  let best: { name: string; distance: number } | null = null;
  for (const name of names) {
    // A start of the name counts as one letter off.
    const starts = wanted.length >= 2 && name.startsWith(wanted);
    const distance = starts ? 1 : distanceWithin(wanted, name, MAX_DISTANCE);
    const tolerated = starts || distance < Math.min(wanted.length, name.length);
    if (distance <= MAX_DISTANCE && tolerated && (!best || distance < best.distance))
      best = { name, distance };
  }
  return best?.name ?? null;
}

/** The number of letters to change, insert, leave out or swap with their neighbour; more than `limit` is not counted out. */
function distanceWithin(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return previous[right.length] ?? limit + 1;
}
