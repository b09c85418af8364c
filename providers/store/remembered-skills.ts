import type { SkillPin } from '../../core/skills/skill-pin.ts';
import type { SessionSkills } from './session-skills.ts';

/**
 * Asks for the skills of a session once: they never change. The sessions that were asked for longest ago are forgotten first.
 *
 * @param maximum - sessions that are remembered.
 */
export function rememberSkills(skills: SessionSkills, maximum = 500): SessionSkills {
  const known = new Map<string, SkillPin[]>();
  return {
    async of(sessionId) {
      const pins = known.get(sessionId) ?? (await skills.of(sessionId));
      known.delete(sessionId);
      known.set(sessionId, pins);
      const [oldest] = known.keys();
      if (known.size > maximum && oldest !== undefined) known.delete(oldest);
      return pins;
    },
  };
}
