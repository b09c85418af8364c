/** For a shell: puts itself into the control groups whose files are its first words, up to `--`, and becomes the program behind it. */
const ENTER = `while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec "$@"`;

/**
 * The words of a program that starts in control groups. Where a group cannot be entered the shell says so, and the program runs without
 * it: it is one that many sandboxes need.
 */
export function inGroups(files: readonly string[], words: readonly string[]): string[] {
  return files.length === 0 ? [...words] : ['/bin/sh', '-c', ENTER, 'enter', ...files, '--', ...words];
}
