import { z } from 'zod';
import { defineTool } from './tool.ts';

export const writeTool = defineTool({
  name: 'write',
  description: 'Write a file as a whole, replacing what was there. Missing folders are made.',
  input: z.strictObject({
    file_path: z.string().min(1).describe('Path of the file.'),
    content: z.string().describe('The new content.'),
  }),
  operation: ({ file_path: path, content }) => ({ type: 'write', path, content }),
});
