import type Anthropic from '@anthropic-ai/sdk';
import type { BetaManagedAgentsUserMessageEventParams } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import type { Session } from '../service/wire.ts';
import type { Attachment } from './attachment.ts';

type Blocks = BetaManagedAgentsUserMessageEventParams['content'];

/**
 * What a message says about its attachments: images are shown to the model, other files are put into the sandbox and named by their
 * path. An agent without tools could not open them there, so it gets them as documents.
 *
 * @param placed - paths of files that are in the sandbox already, by id: a message that could not be sent is sent again with the same.
 */
export async function attachmentBlocks(
  client: Anthropic,
  session: Session,
  attachments: readonly Attachment[],
  placed: Map<string, string>,
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
      const path = placed.get(state.fileId) ?? (await place(client, session.id, state.fileId, name));
      placed.set(state.fileId, path);
      paths.push(path);
    }
  }
  if (paths.length > 0) blocks.push({ type: 'text', text: `Attached files:\n${paths.join('\n')}` });
  return blocks;
}

async function place(client: Anthropic, sessionId: string, fileId: string, name: string): Promise<string> {
  const resource = await client.beta.sessions.resources.add(sessionId, {
    type: 'file',
    file_id: fileId,
    mount_path: `${fileId}/${name}`,
  });
  return resource.mount_path;
}
