import { z } from 'zod';
import { defineTool } from './tool.ts';

export const globTool = defineTool({
  name: 'glob',
  description: 'Find files by a pattern such as **/*.ts, newest first.',
  input: z.strictObject({
    pattern: z.string().min(1).describe('Pattern, relative to path.'),
    path: z.string().min(1).optional().describe('Folder to search; default: the working directory.'),
  }),
  operation: ({ pattern, path }) => ({ type: 'glob', pattern, ...(path === undefined ? {} : { path }) }),
});
