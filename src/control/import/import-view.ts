import { asTimestamp } from '../../contract/times.ts'
import type { DiskRecord } from '../../ports/catalog/disk.ts'
import { receivedBytes } from './import-rules.ts'

/** An import as the API shows it. */
export interface Import {
  readonly id: string
  readonly name: string
  readonly format: string
  /** Of the file. */
  readonly size_bytes: number
  /** Where the next piece begins. */
  readonly received_bytes: number
  readonly created_at: string
}

export const asImport = (disk: DiskRecord): Import => ({
  id: disk.id,
  name: disk.name,
  format: disk.format,
  size_bytes: disk.sizeBytes,
  received_bytes: receivedBytes(disk),
  created_at: asTimestamp(disk.createdAt),
})
