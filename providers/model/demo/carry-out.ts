import { fenced, INTRODUCTION, isDenial, THINGS_TO_ASK } from './phrases.ts';
import type { Round, Situation } from './rounds.ts';
import type { DemoAnswer, DemoCall, Toolbox } from './toolbox.ts';
import type { DemoRequest } from './understand.ts';

/** Does what was asked for, one tool call a round, and reports at the end. */
export function carryOut(
  requests: readonly DemoRequest[],
  { rounds, isFirstAnswer }: Situation,
  toolbox: Toolbox,
): DemoAnswer {
  const results = rounds.map(({ calls }) => calls[0]);
  const denied = results.findIndex((result) => result?.isError === true && isDenial(result.text));
  const request = requests[rounds.length];
  if (denied !== -1) {
    const text = `${reportOf(requests, results.slice(0, denied))}${sorry(requests[denied])}`;
    return { text, calls: [] };
  }
  const hello = isFirstAnswer ? `${INTRODUCTION}; I do what you say, word for word. ` : '';
  if (request === undefined) return { text: reportOf(requests, results).trimEnd(), calls: [] };
  if (request.kind === 'help')
    return { text: `${hello}${reportOf(requests, results)}${THINGS_TO_ASK}`, calls: [] };
  const call = callFor(request, toolbox);
  if (call === undefined) {
    const offered = toolbox.names.length === 0 ? 'no tools at all' : `only ${toolbox.names.join(', ')}`;
    const text = `${hello}${reportOf(requests, results)}I cannot do that: this agent has ${offered}.`;
    return { text, calls: [] };
  }
  return { text: `${hello}${announcementOf(request)}`, calls: [call] };
}

function callFor(request: Exclude<DemoRequest, { kind: 'help' }>, toolbox: Toolbox): DemoCall | undefined {
  switch (request.kind) {
    case 'run':
      return toolbox.bash(request.command);
    case 'write':
      return toolbox.write(request.path, request.content);
    case 'read':
      return toolbox.read(request.path);
    case 'list':
      return (
        toolbox.bash(`ls -la -- '${request.path.replaceAll("'", `'\\''`)}'`) ??
        toolbox.named('glob', { pattern: '**/*', path: request.path })
      );
    case 'call':
      return toolbox.named(request.tool, request.input);
    default:
      return request satisfies never;
  }
}

function announcementOf(request: Exclude<DemoRequest, { kind: 'help' }>): string {
  switch (request.kind) {
    case 'run':
      return 'I run that command.';
    case 'write':
      return `I write ${request.path}.`;
    case 'read':
      return `I read ${request.path}.`;
    case 'list':
      return 'I list the files.';
    case 'call':
      return `I call ${request.tool}.`;
    default:
      return request satisfies never;
  }
}

function reportOf(
  requests: readonly DemoRequest[],
  results: readonly (Round['calls'][number] | undefined)[],
): string {
  return results
    .map((result, index) => {
      const what = nameOf(requests[index]);
      if (result === undefined) return `${what} was not called.\n\n`;
      return `${what} ${result.isError ? 'failed' : 'gave'}:\n${fenced(result.text)}\n\n`;
    })
    .join('');
}

function nameOf(request: DemoRequest | undefined): string {
  if (request?.kind === 'run') return `\`${request.command.split('\n')[0] ?? ''}\``;
  if (request?.kind === 'write') return `Writing ${request.path}`;
  if (request?.kind === 'read') return `Reading ${request.path}`;
  return request?.kind === 'call' ? request.tool : 'Listing the files';
}

function sorry(request: DemoRequest | undefined): string {
  const what = request === undefined ? 'that' : nameOf(request);
  return `The call for ${what} was declined, so it did not run, and I stop here.`;
}
