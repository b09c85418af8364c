import type { SkillPin } from '../../core/skills/skill-pin.ts';

/** The skills that sessions pinned. A session's never change; whoever read them once may keep them. */
export interface SessionSkills {
  /** In the agent's order; empty for a session without skills. */
  of(sessionId: string): Promise<SkillPin[]>;
}
