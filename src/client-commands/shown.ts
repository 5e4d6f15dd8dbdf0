/** What a command prints: a table or lines for people, the same as JSON for programs. */

export interface Shown {
  /** As the API has it. */
  readonly value: unknown
  readonly text: string
}

/** A value of a column or a line; undefined is left blank. */
type Cell = string | number | boolean | undefined

export type Columns<T> = Readonly<Record<string, (row: T) => Cell>>

/** `name` once per row, under a heading. */
export function listed<T>(rows: readonly T[], columns: Columns<T>): Shown {
  const heads = Object.keys(columns).map(name => name.toUpperCase())
  const cells = rows.map(row => Object.values(columns).map(of => clean(of(row))))
  const widths = heads.map((head, at) => Math.max(head.length, ...cells.map(line => line[at]?.length ?? 0)))
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  return { value: rows, text: [heads, ...cells].map(line).join('\n') }
}

/** One thing, a line per fact; a fact without value is left out. */
export function detailed(value: unknown, facts: Readonly<Record<string, Cell>>): Shown {
  const known = Object.entries(facts).filter(([, fact]) => fact !== undefined && fact !== '')
  const width = Math.max(0, ...known.map(([name]) => name.length))
  return { value, text: known.map(([name, fact]) => `${name.padEnd(width)}  ${clean(fact)}`).join('\n') }
}

export const said = (text: string, value: unknown = {}): Shown => ({ value, text })

/** Names come from other people: nothing of theirs moves the cursor or colours the screen. */
export const clean = (value: Cell): string =>
  String(value ?? '').replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, it => `\\u{${it.codePointAt(0)?.toString(16) ?? ''}}`)

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `1.5 GiB` */
export function size(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1)
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${UNITS[power]}`
}

/** `2026-11-27 04:06:22`, UTC. */
export const moment = (timestamp: string | undefined): string | undefined => timestamp?.slice(0, 19).replace('T', ' ')

/** `OS::Nova::Server` is a server. */
export const kind = (type: string | undefined): string | undefined =>
  type === 'OS::Nova::Server' ? 'server' : type === 'OS::Cinder::Volume' ? 'disk' : type
