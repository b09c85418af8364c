/** Whether two values are the same JSON, whatever the order of their keys. */
export function sameJson(first: unknown, second: unknown): boolean {
  if (Object.is(first, second)) return true;
  if (Array.isArray(first) || Array.isArray(second)) {
    if (!Array.isArray(first) || !Array.isArray(second) || first.length !== second.length) return false;
    return first.every((item, index) => sameJson(item, second[index]));
  }
  if (typeof first !== 'object' || typeof second !== 'object' || first === null || second === null)
    return false;
  const entries = Object.entries(first);
  const others = new Map(Object.entries(second));
  return (
    entries.length === others.size &&
    entries.every(([key, value]) => others.has(key) && sameJson(value, others.get(key)))
  );
}
