import type Anthropic from '@anthropic-ai/sdk';
import type { BetaManagedAgentsUserMessageEventParams } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import type { Session } from '../service/wire.ts';
import type { Attachment } from './attachment.ts';

type Blocks = BetaManagedAgentsUserMessageEventParams['content'];

/**
 * What a message says about its attachments: images are shown to the model, other files are put into the sandbox and named by their
 * path. An agent without tools could not open them there, so it gets them as documents.
 */
export async function attachmentBlocks(
  client: Anthropic,
  session: Session,
  attachments: readonly Attachment[],
): Promise<Blocks> {
  const blocks: Blocks = [];
  const paths: string[] = [];
  const hasSandbox = session.agent.tools.some(({ type }) => type === 'agent_toolset_20260401');
  for (const { name, type, state } of attachments) {
    if (state.step !== 'ready') continue;
    const source = { type: 'file', file_id: state.fileId } as const;
    if (type.startsWith('image/') && type !== 'image/svg+xml') blocks.push({ type: 'image', source });
    else if (!hasSandbox) blocks.push({ type: 'document', source, title: name });
    else {
      const resource = await client.beta.sessions.resources.add(session.id, {
        type: 'file',
        file_id: state.fileId,
        mount_path: `${state.fileId}/${name}`,
      });
      paths.push(resource.mount_path);
    }
  }
  if (paths.length > 0) blocks.push({ type: 'text', text: `Attached files:\n${paths.join('\n')}` });
  return blocks;
}
