/** What a client asked of the service, taken from the service's own access log and kept in a file per client. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Call {
  /** Of the contract; for anything else the route's path. */
  readonly operation: string
  readonly method: string
  /** Without its query. */
  readonly url: string
  readonly status: number
}

/** A line of the access log: pino's `msg` is the operation. */
interface LoggedCall {
  readonly msg: string
  readonly method: string
  readonly url: string
  readonly status: number
}

export function isCall(entry: unknown): entry is LoggedCall {
  if (typeof entry !== 'object' || entry === null) return false
  return 'msg' in entry && 'method' in entry && 'status' in entry && typeof entry.status === 'number'
}

/** By client, the calls it made. */
export type Records = Readonly<Record<string, readonly Call[]>>

/** `openstacksdk.rest` counts for `openstacksdk`. Without a folder to keep it in (a suite that is run by itself) nothing is kept. */
export async function keepRecord(client: string, calls: readonly Call[]): Promise<void> {
  const folder = process.env.CLIENTS_RECORD
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `${client}.json`), JSON.stringify(calls))
}

export async function readRecords(folder: string): Promise<Records> {
  const records: Record<string, readonly Call[]> = {}
  for (const file of (await readdir(folder)).sort()) {
    const [client = file] = file.split('.')
    records[client] = [...(records[client] ?? []), ...JSON.parse(await readFile(join(folder, file), 'utf8'))]
  }
  return records
}
