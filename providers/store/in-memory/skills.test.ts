import { skillStoreContract } from '../contract/skills.ts';
import { createInMemorySkills } from './skills.ts';

let clock = 0;
skillStoreContract('in memory', async () => ({
  skills: createInMemorySkills(() => ++clock),
  close: async () => undefined,
}));
