/** Every key by environment: `metadata.url` is OPENCBR_METADATA_URL; a list is written as YAML. */

import { parse, YAMLError } from 'yaml'
import { isGroup, type Mistake, nearest, type Rule } from './config-rules.ts'
import { shape } from './config-shape.ts'

const PREFIX = 'OPENCBR_'

type Environment = Readonly<Record<string, string | undefined>>

interface Variable {
  readonly name: string
  readonly path: readonly string[]
  readonly plain: boolean
}

/** Lays what the environment says over the file's content, and answers it. */
export function overlay(
  written: Record<string, unknown>,
  environment: Environment,
  mistakes: Mistake[],
): Record<string, unknown> {
  return variables().reduce((content, { name, path, plain }) => {
    const value = environment[name]
    return value === undefined || value === ''
      ? content
      : placed(content, path, plain ? value : yaml(name, value, mistakes))
  }, written)
}

/** Variables with our prefix that no key has and no `{ env }` names. */
export function unknownVariables(environment: Environment, named: ReadonlySet<string>): readonly Mistake[] {
  const known = variables().map(({ name }) => name)
  return Object.keys(environment)
    .filter(name => name.startsWith(PREFIX) && !named.has(name) && !known.includes(name))
    .map(at => ({ at, problem: `there is no such variable; the nearest is '${nearest(at, known)}'` }))
}

/** One per key; what is chosen by name or stands in a list is part of its list's variable. */
export const variables = (): readonly Variable[] => variablesOf(shape, [])

function variablesOf(rule: Rule<unknown>, path: readonly string[]): readonly Variable[] {
  if (rule.fields) return Object.entries(rule.fields).flatMap(([key, field]) => variablesOf(field, [...path, key]))
  const name = PREFIX + path.map(key => key.replaceAll(/[A-Z]/g, letter => `_${letter}`).toUpperCase()).join('_')
  return [{ name, path, plain: rule.plain === true }]
}

function yaml(name: string, value: string, mistakes: Mistake[]): unknown {
  try {
    return parse(value)
  } catch (error) {
    if (!(error instanceof YAMLError)) throw error
    mistakes.push({ at: name, problem: 'is not YAML' })
    return undefined
  }
}

/** The content with the value at the path; a parent that is no group stays for its rule to complain about. */
function placed(content: Record<string, unknown>, path: readonly string[], value: unknown): Record<string, unknown> {
  const [key = '', ...rest] = path
  if (rest.length === 0) return { ...content, [key]: value }
  const parent = content[key] ?? {}
  return isGroup(parent) ? { ...content, [key]: placed(parent, rest, value) } : content
}
