import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { countVitest } from './count-results.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'count-'));
afterAll(() => rmSync(folder, { recursive: true }));

function report(passed: number, failed: number, files: { status: string; tests: number }[] = []): string {
  const file = path.join(folder, 'report.json');
  const testResults = files.map(({ status, tests }) => ({
    name: 'x',
    status,
    assertionResults: Array.from({ length: tests }, () => ({})),
  }));
  writeFileSync(file, JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults }));
  return file;
}

it('counts tests that passed and tests that failed', () => {
  expect(countVitest(report(5, 2, [{ status: 'failed', tests: 7 }]), 1)).toEqual({ passed: 5, failed: 2 });
});

it('counts a file that cannot be loaded as a failure', () => {
  expect(countVitest(report(5, 0, [{ status: 'failed', tests: 0 }]), 1)).toEqual({ passed: 5, failed: 1 });
});

it('counts an error outside any test as a failure', () => {
  expect(countVitest(report(5, 0), 1)).toEqual({ passed: 5, failed: 1 });
});

it('counts a run without tests, a killed run and a run without a report as a failure', () => {
  expect(countVitest(report(0, 0), 0)).toEqual({ passed: 0, failed: 1 });
  expect(countVitest(report(3, 0), null)).toEqual({ passed: 3, failed: 1 });
  expect(countVitest(path.join(folder, 'none'), 1)).toEqual({ passed: 0, failed: 1 });
});
