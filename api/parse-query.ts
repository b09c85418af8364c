/** Values by key. Array parameters come as arrays. */
export type Query = Record<string, string | string[]>;

/**
 * Reads a query string as the API's clients write it: `types[]=a&types[]=b` and `types=a&types=b` are both the array `types`;
 * `created_at[gte]` is a key of its own; an empty value means that the parameter was not given.
 */
export function parseQuery(text: string | null | undefined): Query {
  const lists = new Set<string>();
  const found = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(text ?? '')) {
    if (value === '') continue;
    const isList = name.endsWith('[]');
    const key = isList ? name.slice(0, -2) : name;
    if (isList) lists.add(key);
    const values = found.get(key);
    if (values) values.push(value);
    else found.set(key, [value]);
  }
  const entries = [...found].map(([key, values]): [string, string | string[]] => [
    key,
    values.length > 1 || lists.has(key) ? values : (values[0] ?? ''),
  ]);
  return Object.assign(Object.create(null) as Query, Object.fromEntries(entries));
}
