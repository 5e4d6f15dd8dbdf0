import type { PolicyStatement } from '../../ports/identity.ts'

/**
 * Reads a policy document (roles.md 1): `Version` "1.1", statements that allow or deny actions of three parts, each of
 * which may hold `*`. Answers the statements, or what is wrong in words. Conditions and resources are refused rather than
 * ignored: a limit that is not applied would grant more than was written.
 */
export function readPolicy(document: unknown): readonly PolicyStatement[] | string {
  if (!isRecord(document)) return 'is not an object'
  if (document.Version !== '1.1') return 'has a Version other than "1.1"'
  const written = document.Statement
  if (!Array.isArray(written) || written.length === 0) return 'has no Statement'
  const statements: PolicyStatement[] = []
  for (const one of written) {
    const statement = readStatement(one)
    if (typeof statement === 'string') return statement
    statements.push(statement)
  }
  return statements
}

const action = /^[A-Za-z0-9*_-]+:[A-Za-z0-9*_-]+:[A-Za-z0-9*_-]+$/

function readStatement(written: unknown): PolicyStatement | string {
  if (!isRecord(written)) return 'has a Statement that is not an object'
  const stranger = Object.keys(written).find(key => key !== 'Effect' && key !== 'Action')
  if (stranger !== undefined) return `has a Statement with ${stranger}, which is not known here`
  const { Effect: effect } = written
  if (effect !== 'Allow' && effect !== 'Deny') return 'has a Statement whose Effect is neither "Allow" nor "Deny"'
  const actions: unknown = written.Action
  if (!Array.isArray(actions) || actions.length === 0) return 'has a Statement without Action'
  const wrong = actions.find(one => typeof one !== 'string' || !action.test(one))
  if (wrong !== undefined) return `has an Action that is not of the form service:type:operation (${String(wrong)})`
  return { effect: effect === 'Allow' ? 'allow' : 'deny', actions: actions.map(String) }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
