/** The documented examples of the contract (contract/examples), for the API's documents. */
import { readdir, readFile } from 'node:fs/promises'

export interface Example {
  readonly request: { readonly path: string; readonly body: unknown }
  readonly response: { readonly body: unknown }
  /** What this service answers, where the documented example differs. */
  readonly canonical_response_body?: unknown
}

/** By operation. */
export type Examples = Readonly<Record<string, Example>>

const folder = new URL('../../contract/examples/', import.meta.url)

export async function readExamples(): Promise<Examples> {
  const names = (await readdir(folder)).filter(name => name.endsWith('.json'))
  const read = async (name: string): Promise<readonly [string, Example]> => [
    name.replace('.json', ''),
    JSON.parse(await readFile(new URL(name, folder), 'utf8')),
  ]
  return Object.fromEntries(await Promise.all(names.map(read)))
}
