import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Asked<Given extends Options> = { args: string[]; options: Given; allowPositionals: true };
type Values<Given extends Options> = ReturnType<typeof parseArgs<Asked<Given>>>['values'];

/**
 * Reads the command line of an operator's command. `--help` prints how it is used, and ends with 0; what is wrong with it is said in one
 * sentence, and ends it with 2.
 *
 * @param check - makes of it what the command works with; what it throws says what is wrong.
 */
export function commandArguments<const Given extends Options, Result>(
  usage: string,
  options: Given,
  check: (values: Values<Given>, positionals: readonly string[]) => Result,
): Result {
  const asked = process.argv.slice(2);
  if (asked.includes('--help') || asked.includes('-h')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    const { values, positionals } = parseArgs<Asked<Given>>({ args: asked, options, allowPositionals: true });
    return check(values, positionals);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(usage);
    process.exit(2);
  }
}

/** For a command that takes options only. */
export function refusePositionals(positionals: readonly string[]): void {
  const [first] = positionals;
  if (first !== undefined) throw new Error(`${first}: expected options only.`);
}

/** For a command that takes one word besides options. */
export function onePositional(positionals: readonly string[], what: string): string {
  const [first, second] = positionals;
  if (first === undefined || second !== undefined) throw new Error(`expected ${what}, and options.`);
  return first;
}
