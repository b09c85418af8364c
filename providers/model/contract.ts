import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import {
  startScriptedModelServer,
  type ScriptedModelServer,
} from '../../test/scripted-model-server/index.ts';
import { itReadsAnswers } from './contract/answers.ts';
import { itFailsTyped } from './contract/failures.ts';
import { itReadsOddAnswers } from './contract/odd-answers.ts';
import type { ContractSubject } from './contract/subject.ts';

/**
 * The suite that every adapter passes, against the scripted model server over real HTTP. The server refuses whatever the vendor would
 * refuse; after each test nothing may have been refused.
 */
export function modelProviderContract(subject: ContractSubject): void {
  describe(`${subject.name} as a model provider`, () => {
    let server: ScriptedModelServer;
    beforeAll(async () => {
      server = await startScriptedModelServer();
    });
    afterAll(async () => {
      await server.close();
    });
    afterEach(() => {
      const violations = server.violations();
      server.reset();
      expect(violations).toEqual([]);
    });
    const setup = () => ({ server, provider: subject.make({ url: server.url }) });
    itReadsAnswers(subject, setup);
    itReadsOddAnswers(subject, setup);
    itFailsTyped(subject, setup);
  });
}
