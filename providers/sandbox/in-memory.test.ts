import { sandboxContract } from './contract.ts';
import { createInMemorySandboxDriver } from './in-memory.ts';

sandboxContract('the in-memory double', () => Promise.resolve(createInMemorySandboxDriver()));
