import { z } from 'zod';
import { defineTool } from './tool.ts';

export const grepTool = defineTool({
  name: 'grep',
  description:
    'Search the contents of files for a regular expression. Answers with file, line number and line.',
  input: z.strictObject({
    pattern: z.string().min(1).describe('Regular expression.'),
    path: z.string().min(1).optional().describe('File or folder to search; default: the working directory.'),
  }),
  operation: ({ pattern, path }) => ({ type: 'grep', pattern, ...(path === undefined ? {} : { path }) }),
});
