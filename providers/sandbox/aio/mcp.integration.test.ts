import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startAioDouble, type AioDouble } from '../../../test/harness/aio/server.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { McpAction, OperationResult } from '../operation.ts';
import type { Sandbox, SandboxDriver } from '../sandbox.ts';
import { createAioDriver } from './driver.ts';

let double: AioDouble;
let scratch: string;
const drivers: SandboxDriver[] = [];
let sessions = 0;
let calls = 0;

function newDriver(): SandboxDriver {
  const dataFolder = join(scratch, String(drivers.length));
  const urls = `${double.url}/{session_id}`;
  const driver = createAioDriver({ dataFolder, urls, apiKey: double.apiKey, log: () => {} });
  drivers.push(driver);
  return driver;
}
const spec = () => ({ workspaceId: 'wrk', sessionId: `sesn_mcp${++sessions}`, environmentId: 'env' });
const newSandbox = (): Sandbox => newDriver().open(spec());
const operationOf = (mcp: McpAction) => ({ type: 'mcp', mcp }) as const;
const callOf = (server: string, tool: string, given: JsonObject = {}, timeoutMs = 30_000): McpAction => ({
  do: 'call',
  server,
  tool,
  arguments: given,
  timeoutMs,
});

async function perform(sandbox: Sandbox, mcp: McpAction): Promise<OperationResult> {
  const outcome = await sandbox.call({ id: `sevt_m${++calls}`, operation: operationOf(mcp) }, 'start');
  if (outcome.state === 'lost') throw new Error(outcome.reason);
  return outcome.result;
}
async function notes(sandbox: Sandbox): Promise<string> {
  const operation = { type: 'read', path: 'notes' } as const;
  const outcome = await sandbox.call({ id: `sevt_m${++calls}`, operation }, 'start');
  return outcome.state === 'finished' ? outcome.result.text : outcome.reason;
}

describe.skipIf(process.getuid?.() !== 0)("AIO's MCP hub (needs root for its double)", () => {
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'aio-mcp-'));
    chmodSync(scratch, 0o755);
    double = await startAioDouble();
  });
  afterAll(async () => {
    for (const driver of drivers) await driver.close();
    await double.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('lists its servers in short, one in full, and names one that cannot be used', async () => {
    const sandbox = newSandbox();
    const all = await perform(sandbox, { do: 'list', server: null });
    expect(all).toMatchObject({ isError: false });
    expect(all.text).toContain('notes\n  add_note: Adds a line to the notes.\n  add_slowly:');
    expect(all.text).toContain('broken\n  (cannot be used: Failed to connect to MCP server)');
    const one = await perform(sandbox, { do: 'list', server: 'notes' });
    expect(one.text).toContain(
      '## add_note\nAdds a line to the notes.\nReturns how many there are.\ninput: {"type":"object","properties":{"line":{"type":"string"}},"required":["line"]}',
    );
    expect(await perform(sandbox, { do: 'list', server: 'none' })).toEqual({
      text: "MCP server 'none' not found",
      isError: true,
    });
  });
  it('calls tools, and shows texts, pictures, data and errors for what they are', async () => {
    const sandbox = newSandbox();
    expect(await perform(sandbox, callOf('notes', 'add_note', { line: 'one' }))).toEqual({
      text: '1',
      isError: false,
    });
    const shown = await perform(sandbox, callOf('pictures', 'show'));
    expect(shown.text).toBe(
      [
        'two pictures',
        '[a picture of the type image/x-icon, which cannot be shown]',
        '[audio of the type audio/wav, not shown]',
        '[file:///a.txt]\nof a file',
        '[b: file:///b.bin]',
      ].join('\n'),
    );
    expect(shown.image).toMatchObject({ mediaType: 'image/png' });
    expect(shown.moreImages).toEqual([shown.image]);
    expect((await perform(sandbox, callOf('pictures', 'measure'))).text).toBe('{"width":1}');
    expect(await perform(sandbox, callOf('pictures', 'lose'))).toEqual({
      text: 'the picture is lost',
      isError: true,
    });
    expect(await perform(sandbox, callOf('pictures', 'absent'))).toEqual({
      text: 'Unknown tool: absent',
      isError: true,
    });
    expect(await perform(sandbox, callOf('..', '..'))).toMatchObject({ isError: true });
  });
  it('keeps a long answer as a file', async () => {
    const sandbox = newSandbox();
    const { text } = await perform(sandbox, callOf('notes', 'long'));
    const path = /saved at (\S+)\]$/.exec(text)?.[1] ?? '';
    expect(text.length).toBeLessThan(100_000);
    const command = { type: 'bash', command: `wc -c < ${path}`, timeoutMs: 30_000 } as const;
    expect(await sandbox.call({ id: 'sevt_long', operation: command }, 'start')).toMatchObject({
      result: { text: '200000\n' },
    });
  });
  it('runs a call once, whoever asks how often, and tells that the outcome of one that was given up is unknown', async () => {
    const one = spec();
    const [first, second] = [newDriver().open(one), newDriver().open(one)];
    const call = {
      id: 'sevt_once',
      operation: operationOf(callOf('notes', 'add_slowly', { line: 'once', seconds: 1 })),
    };
    const outcomes = await Promise.all([first.call(call, 'start'), second.call(call, 'start')]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ result: { text: 'added' } });
    expect(await second.call(call, 'resume')).toMatchObject({ result: { text: 'added' } });
    expect(await notes(first)).toBe('once\n');
    const late = {
      id: 'sevt_late',
      operation: operationOf(callOf('notes', 'add_slowly', { line: 'late', seconds: 5 }, 300)),
    };
    expect(await first.call(late, 'start')).toMatchObject({
      state: 'lost',
      reason: expect.stringMatching(/unknown[\s\S]*did not answer within 300 ms/),
    });
    expect(await first.call(late, 'start')).toMatchObject({ state: 'lost' });
    expect(await notes(first)).toBe('once\nlate\n');
  });
});
