import { z } from 'zod';
import { defineTool } from './tool.ts';

export const editTool = defineTool({
  name: 'edit',
  description:
    'Replace text in a file. old_string must occur exactly once, unless replace_all is true; then every occurrence is replaced.',
  input: z.strictObject({
    file_path: z.string().min(1).describe('Path of the file.'),
    old_string: z.string().min(1).describe('The text to replace, exactly as it stands.'),
    new_string: z.string().describe('What to put in its place.'),
    replace_all: z.boolean().optional().describe('Replace every occurrence.'),
  }),
  operation: (input) => ({
    type: 'edit',
    path: input.file_path,
    oldText: input.old_string,
    newText: input.new_string,
    occurrences: input.replace_all === true ? 'all' : 'one',
  }),
});
