import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { LedgerEntry } from './ledger.ts';
import { Scenario, Script } from './script.ts';

/** What can be steered from another process. */
export interface Controlled {
  push(...scripts: Script[]): void;
  scenario(scenario: Scenario): void;
  setDefault(script: Script | undefined): void;
  ledger(): readonly LedgerEntry[];
  violations(): string[];
  reset(): void;
}

const PushBody = z.strictObject({ scripts: z.array(Script) });
const ScenariosBody = z.strictObject({ scenarios: z.array(Scenario) });
const DefaultBody = z.strictObject({ script: Script.nullable() });

/** The endpoints under `/control/`, by which tests drive a server that runs as a process of its own. */
export function handleControl(
  server: Controlled,
  request: IncomingMessage,
  raw: Buffer,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const reply = (value: unknown) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const body = (): unknown => JSON.parse(raw.toString('utf8'));
  switch (`${request.method ?? ''} ${url.pathname}`) {
    case 'POST /control/scripts':
      server.push(...PushBody.parse(body()).scripts);
      reply({});
      return;
    case 'POST /control/scenarios':
      for (const scenario of ScenariosBody.parse(body()).scenarios) server.scenario(scenario);
      reply({});
      return;
    case 'POST /control/default':
      server.setDefault(DefaultBody.parse(body()).script ?? undefined);
      reply({});
      return;
    case 'POST /control/reset':
      server.reset();
      reply({});
      return;
    case 'GET /control/ledger': {
      const after = Number(url.searchParams.get('after') ?? 0);
      reply({ entries: server.ledger().filter(({ n }) => n > after) });
      return;
    }
    case 'GET /control/violations':
      reply({ violations: server.violations() });
      return;
    default:
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end('{"error":{"message":"no such control"}}');
  }
}
