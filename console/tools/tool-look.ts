import {
  Camera,
  FilePen,
  FilePlus,
  FileText,
  FolderSearch,
  Globe,
  Monitor,
  Search,
  SquareCode,
  SquareTerminal,
  TextSearch,
  Wrench,
  type LucideIcon,
} from 'lucide-react';
import type { ToolUse } from '../transcript/transcript-item.ts';
import { inputText } from './input-text.ts';

interface Look {
  icon: LucideIcon;
  /** One line that says what the call is about. */
  summary: string;
  isOpenAtFirst: boolean;
}

const ICONS: Record<string, LucideIcon> = {
  bash: SquareTerminal,
  read: FileText,
  write: FilePlus,
  edit: FilePen,
  glob: FolderSearch,
  grep: TextSearch,
  web_fetch: Globe,
  web_search: Search,
  execute_code: SquareCode,
  browser_screenshot: Camera,
};
const OPEN = new Set(['bash', 'edit', 'write', 'execute_code', 'process_start']);
/** The inputs that say most, by what tools call them. */
const TELLING = [
  'command',
  'file_path',
  'pattern',
  'url',
  'query',
  'code',
  'name',
  'path',
  'text',
  'ref',
  'key',
];
const SUMMARY_LENGTH = 200;

/** How a tool call is shown before it is opened. */
export function toolLook(use: ToolUse): Look {
  const icon = ICONS[use.name] ?? (use.name.startsWith('browser_') ? Monitor : Wrench);
  const telling = TELLING.map((name) => inputText(use.input, name)).find((text) => text !== null);
  const summary = telling ?? (Object.keys(use.input).length === 0 ? '' : JSON.stringify(use.input));
  const line = summary.split('\n', 1)[0] ?? '';
  return {
    icon,
    summary: line.length > SUMMARY_LENGTH ? `${line.slice(0, SUMMARY_LENGTH)}…` : line,
    isOpenAtFirst: OPEN.has(use.name) || use.type === 'agent.custom_tool_use',
  };
}
