/** What a machine tells of itself, checked: it runs a tenant's code, and may have been taken over by it. */
import { Fault } from '../../ports/fault.ts'
import type { QmpClient } from './qmp-client.ts'
import { isRecord } from './record.ts'

/** A record of which blocks have been written since it was begun. */
export interface Bitmap {
  readonly name: string
  readonly granularity: number
  /** Whether it can be relied on: it records, nobody else uses it, and it was not damaged by a crash. */
  readonly sound: boolean
}

/** A disk as the machine's guest sees it. */
export interface Device {
  /** The node at the top, which all the guest's writes go to. */
  readonly node: string
  readonly driver: string
  readonly file: string
  readonly sizeBytes: number
  readonly readOnly: boolean
  /** Whether a bitmap of it can outlive the machine. */
  readonly lasting: boolean
  readonly bitmaps: readonly Bitmap[]
}

export async function devicesOf(qmp: QmpClient): Promise<readonly Device[]> {
  const blocks = listOf(await qmp.execute('query-block'), 'query-block')
  return blocks.flatMap(block => (isRecord(block.inserted) ? [deviceOf(block.inserted)] : []))
}

function deviceOf(inserted: Readonly<Record<string, unknown>>): Device {
  const image = isRecord(inserted.image) ? inserted.image : nonsense('query-block')
  const driver = textOf(inserted.drv)
  return {
    node: textOf(inserted['node-name']),
    driver,
    file: fileOf(textOf(inserted.file)),
    sizeBytes: sizeOf(image['virtual-size']),
    readOnly: inserted.ro === true,
    lasting: driver === 'qcow2' && isModern(image),
    bitmaps: listOf(inserted['dirty-bitmaps'] ?? [], 'query-block').map(bitmapOf),
  }
}

function bitmapOf(told: Readonly<Record<string, unknown>>): Bitmap {
  return {
    // A tool's nameless ones are none of ours.
    name: typeof told.name === 'string' ? told.name : '',
    granularity: sizeOf(told.granularity),
    sound: told.recording === true && told.busy === false && told.inconsistent !== true,
  }
}

/** qcow2 of the old kind has no room for bitmaps. */
function isModern(image: Readonly<Record<string, unknown>>): boolean {
  const specific = isRecord(image['format-specific']) ? image['format-specific'] : {}
  return isRecord(specific.data) && specific.data.compat === '1.1'
}

/** QEMU writes the options of a file as JSON where its name alone would not say them. */
function fileOf(text: string): string {
  if (!text.startsWith('json:')) return text
  let node: unknown
  try {
    node = JSON.parse(text.slice('json:'.length))
  } catch {
    return text // cut short: QEMU itself keeps no more than 4096 bytes of it
  }
  while (isRecord(node)) {
    if (typeof node.filename === 'string') return node.filename
    node = node.file
  }
  return text
}

/** The names that a list's items have under a key. */
export async function namesIn(qmp: QmpClient, query: string, key: string, args?: object): Promise<readonly string[]> {
  return listOf(await qmp.execute(query, args), query).map(item => textOf(item[key]))
}

export function listOf(value: unknown, query: string): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && value.every(isRecord) ? value : nonsense(query)
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : nonsense('a name'))

const sizeOf = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : nonsense('a size')

function nonsense(what: string): never {
  throw new Fault('corrupt', `the machine's answer makes no sense: ${what}`)
}
