import type { BetaManagedAgentsAgent } from '@anthropic-ai/sdk/resources/beta/agents/agents';
import type { BetaEnvironment } from '@anthropic-ai/sdk/resources/beta/environments/environments';
import type {
  BetaManagedAgentsAgentMessageEvent,
  BetaManagedAgentsSessionEvent,
  BetaManagedAgentsStreamSessionEvents,
} from '@anthropic-ai/sdk/resources/beta/sessions/events';
import type { BetaManagedAgentsSession } from '@anthropic-ai/sdk/resources/beta/sessions/sessions';

/** Short names for what crosses the API. */
export type Agent = BetaManagedAgentsAgent;
export type Environment = BetaEnvironment;
export type Session = BetaManagedAgentsSession;
export type SessionEvent = BetaManagedAgentsSessionEvent;
export type StreamEvent = BetaManagedAgentsStreamSessionEvents;
export type AgentMessage = BetaManagedAgentsAgentMessageEvent;
export type EventOf<Type extends SessionEvent['type']> = Extract<SessionEvent, { type: Type }>;
