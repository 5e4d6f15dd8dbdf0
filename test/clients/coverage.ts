/** The table of docs/clients.md: which client called which operation, and what it was answered. */
import { operations } from '../../src/contract/operations.gen.ts'
import type { Records } from './record.ts'

const HEAD = '| operation | called by, and answered |'
const NAMES = Object.keys(operations)

/** By operation, then client: the statuses, in order. */
type Coverage = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>

export function coverageOf(records: Records): Coverage {
  return new Map(
    NAMES.map(operation => {
      const byClient = Object.entries(records).map(([client, calls]) => {
        const statuses = calls.filter(call => call.operation === operation).map(({ status }) => status)
        return [client, [...new Set(statuses)].sort()] as const
      })
      return [operation, new Map(byClient.filter(([, statuses]) => statuses.length > 0))]
    }),
  )
}

export function tableOf(coverage: Coverage): string {
  const rows = [...coverage].map(([operation, clients]) => {
    const said = [...clients].map(([client, statuses]) => `${client} ${statuses.join(', ')}`)
    return `| ${operation} | ${said.join('; ')} |`
  })
  return [HEAD, '| --- | --- |', ...rows].join('\n')
}

/** The document with this table in place of the one it has. */
export function withTable(document: string, table: string): string {
  const [before = '', after = ''] = document.split(HEAD)
  const rest = after.split('\n').slice(1)
  const end = rest.findIndex(line => !line.startsWith('|'))
  return `${before}${table}\n${rest.slice(end).join('\n')}`
}

/** `AddMember vendor-sdk 400`: what the document's table says and this run did not show. Nobody claims a 501. */
export function unfounded(document: string, shown: Coverage): readonly string[] {
  return rowsOf(document).flatMap(([operation = '', said = '']) =>
    said.split('; ').flatMap(part => {
      const [client = '', ...statuses] = part.split(/[ ,]+/)
      const found = shown.get(operation)?.get(client) ?? []
      return statuses
        .filter(status => !found.includes(Number(status)))
        .map(status => `${operation} ${client} ${status}`)
    }),
  )
}

const rowsOf = (document: string): readonly (readonly string[])[] =>
  (document.split(HEAD)[1] ?? '')
    .split('\n')
    .filter(line => line.startsWith('|') && !line.startsWith('| ---'))
    .map(line => line.slice(2, -2).split(' | '))

/** Operations that no client had a 2xx of. */
export const uncovered = (coverage: Coverage): readonly string[] =>
  [...coverage]
    .filter(([, clients]) => ![...clients.values()].flat().some(status => status < 300))
    .map(([operation]) => operation)
