import type { Caller, PolicyStatement } from '../ports/identity.ts'
import { systemRoles } from './system-roles.ts'

/** Actions that are worth nothing without another one (roles.md 4). */
const alsoNeeded: Readonly<Record<string, string>> = {
  'cbr:vaults:migrateResources': 'cbr:vaults:addResources',
}

/**
 * Whether the caller's roles and custom policies allow the action (`cbr:vaults:list`) in the project that the caller is
 * scoped to. Deny wins over allow whatever the order; what nothing allows is denied (roles.md 1).
 */
export function mayCall(caller: Pick<Caller, 'roles' | 'statements'>, action: string): boolean {
  const statements = [...caller.roles.flatMap(statementsOf), ...caller.statements]
  const needed = alsoNeeded[action]
  return allowed(statements, action) && (needed === undefined || allowed(statements, needed))
}

function statementsOf(role: string): readonly PolicyStatement[] {
  return Object.hasOwn(systemRoles, role) ? systemRoles[role as keyof typeof systemRoles] : []
}

function allowed(statements: readonly PolicyStatement[], action: string): boolean {
  const matching = statements.filter(({ actions }) => actions.some(pattern => matches(pattern, action)))
  return matching.length > 0 && matching.every(({ effect }) => effect === 'allow')
}

/** Part by part, so that `cbr:*:list` never reaches over a colon. Letter case counts, as at the vendor. */
function matches(pattern: string, action: string): boolean {
  const patterns = pattern.split(':')
  const parts = action.split(':')
  return patterns.length === parts.length && patterns.every((part, index) => matchesPart(part, parts[index] ?? ''))
}

/** `*` stands for any run of characters. No regular expression: a policy's text must not be able to blow one up. */
function matchesPart(pattern: string, part: string): boolean {
  const [head = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return head === part
  if (!part.startsWith(head)) return false
  const tail = rest.pop() ?? ''
  let from = head.length
  for (const piece of rest) {
    const at = part.indexOf(piece, from)
    if (at === -1) return false
    from = at + piece.length
  }
  return part.length - tail.length >= from && part.endsWith(tail)
}
