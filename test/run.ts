import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { countVitest, type Counts } from './count-results.ts';

/**
 * `npm test`: the checks (format, lint, types, arrows) and every test, on servers that the tests start themselves. The last line is
 * `N passed, N failed`; a check counts as one. Arguments go to vitest, such as the path of a test file.
 */
const CHECKS = ['format:check', 'lint', 'types', 'arrows'];

function runCheck(script: string): Counts {
  console.log(`\n> ${script}`);
  const { status } = spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' });
  console.log(status === 0 ? `✓ ${script}` : `✗ ${script}`);
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function runVitest(args: string[]): Counts {
  const folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-run-'));
  const report = path.join(folder, 'report.json');
  const vitest = path.join('node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...args], {
      stdio: 'inherit',
    });
    return countVitest(report, status);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const results = [...CHECKS.map(runCheck), runVitest(process.argv.slice(2))];
const passed = results.reduce((sum, counts) => sum + counts.passed, 0);
const failed = results.reduce((sum, counts) => sum + counts.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
