/** A field of a tool's input, when it is text. */
export function inputText(input: Record<string, unknown>, name: string): string | null {
  const value = input[name];
  return typeof value === 'string' ? value : null;
}
